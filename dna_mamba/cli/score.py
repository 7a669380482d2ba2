"""``dna-mamba score``: every record of a VCF out, each allele with a score or the reason why it has none."""

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import click

from dna_mamba import __version__
from dna_mamba.cli.console import log, print_estimate, progress
from dna_mamba.cli.exits import TerminatedError
from dna_mamba.cli.options import (
    model_option,
    output_option,
    output_type_option,
    resolve_device,
    run_options,
    setup_torch,
    write_index_option,
)
from dna_mamba.cli.regions import read_regions, region_options
from dna_mamba.errors import InputError, MachineError, PreemptedError

if TYPE_CHECKING:
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.models import MaskedLanguageModel
    from dna_mamba.runs.shards import Shard, Span
    from dna_mamba.scoring.variant_files.job import Survey
    from dna_mamba.scoring.variant_files.selection import Regions
    from dna_mamba.scoring.variant_files.summary import ScoreSummary
    from dna_mamba.scoring.variant_files.target import Target
    from dna_mamba.scoring.variants.assess import CheckRef


def _names(_: click.Context, __: click.Parameter, names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())


def _shard(_: click.Context, __: click.Parameter, text: str | None) -> "Shard | None":
    if text is None:
        return None
    from dna_mamba.runs.shards import parse_shard

    return parse_shard(text)


@click.command()
@click.argument("variants", type=click.Path(), metavar="IN.vcf")
@model_option
@click.option(
    "-f", "--reference", required=True, metavar="REF.fa", type=click.Path(), help="Genome the variants were called on."
)
@output_option
@output_type_option
@write_index_option
@region_options(
    "Write only the records that touch this region", "Write only the records that touch a region of a BED file"
)
@click.option(
    "--scores",
    default="llr",
    show_default=True,
    metavar="NAME[,NAME...]",
    callback=_names,
    help="What to compute: llr, wt-llr, embedding, influence, entropy.",
)
@click.option(
    "--check-ref",
    type=click.Choice(["w", "x", "s", "e"]),
    default="w",
    show_default=True,
    help="Where REF differs from the reference: w warn and give no score, x leave the record out, s score what the "
    "record says, e stop.",
)
@click.option(
    "--context",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    help="Longest window the model reads, in bp; the change lies in its middle.",
)
@click.option(
    "--shard", metavar="i/n", callback=_shard, help="Score the i-th of n parts; dna-mamba merge joins the outputs."
)
@click.option("--resume", is_flag=True, help="Go on where the same command was stopped, if it was.")
@run_options("Windows")
def command(
    variants: str,
    model: str,
    reference: str,
    output: str,
    output_type: str | None,
    write_index: bool,
    regions: tuple[str, ...],
    regions_bed: str | None,
    scores: tuple[str, ...],
    check_ref: "CheckRef",
    context: int,
    shard: "Shard | None",
    resume: bool,
    batch_size: int | None,
    device: str,
    threads: int,
    dry_run: bool,
    force: bool,
    no_version: bool,
) -> None:
    """Score the variants of IN.vcf (VCF or BCF, - for standard input) against a genome.

    Writes the same records in the same order with more INFO keys, one value for each ALT. DM_LLR is the masked
    log-likelihood ratio ln p(ALT) - ln p(REF) in nats, both strands joined; below zero the model finds ALT less likely
    than REF. DM_STATUS says OK or why there is no score. Equivalent spellings of an allele score equal.
    """
    from dna_mamba.checkpoints import weights_sha256
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.scoring import as_model
    from dna_mamba.scoring.variant_files.job import can_be_read_twice
    from dna_mamba.scoring.variant_files.selection import Regions
    from dna_mamba.scoring.variant_files.target import Target
    from dna_mamba.scoring.variants.scores import find_scores

    target = Target(output, output_type, force, write_index=write_index)
    target.check()
    find_scores(scores)
    is_file = can_be_read_twice(variants)
    _refuse_pipes(variants, is_file, target, {"--dry-run": dry_run, "--shard": shard, "--resume": resume})
    setup_torch(threads)
    network = as_model(model, resolve_device(device))
    with FastaReader(reference) as genome:
        chosen = read_regions(regions, regions_bed, genome)
        selected = Regions(chosen) if chosen else None
        job = _Job(variants, genome, network, scores, check_ref, context, batch_size, selected, shard)
        if dry_run:
            _estimate(job)
            return
        weights = weights_sha256(model)
        if not no_version:
            target = target._replace(provenance=_provenance(weights, genome))
        summary = _score(job, target, weights, is_file=is_file, resume=resume)
    for line in summary.lines():
        log(line)


class _Job(NamedTuple):
    """What is scored, with what, and how."""

    variants: str
    genome: "FastaReader"
    network: "MaskedLanguageModel"
    scores: tuple[str, ...]
    check_ref: "CheckRef"
    context: int
    batch_size: int | None
    regions: "Regions | None"
    shard: "Shard | None"


def _refuse_pipes(variants: str, is_file: bool, target: "Target", options: dict[str, object]) -> None:
    """Options that need the input, or the output, to be a file."""
    given = [name for name, value in options.items() if value]
    if given and not is_file and (variants == "-" or os.path.exists(variants)):
        raise InputError("needs a file that can be read twice", place=given[0], remedy="give IN.vcf by its path")
    if "--resume" in given and not target.is_file:
        raise InputError("only a file can be gone on with", place="--resume", remedy="give -o OUT")


def _survey(job: _Job) -> "tuple[Survey, Span]":
    """One reading before any scoring: what it told, and which records are scored."""
    from dna_mamba.runs.shards import span_of
    from dna_mamba.scoring.variant_files.job import survey_vcf

    with progress("checked", unit="records") as advance:
        survey = survey_vcf(
            job.variants, job.genome, advance, context_bp=job.context, check_ref=job.check_ref, regions=job.regions
        )
    for note in survey.notes:
        log(note)
    return survey, span_of(job.shard, survey.n_records)


def _score(job: _Job, target: "Target", weights_sha256: str, *, is_file: bool, resume: bool) -> "ScoreSummary":
    """Score all records; those of a file so that a run that is stopped can go on."""
    from dna_mamba.scoring.variant_files.job import score_vcf
    from dna_mamba.scoring.variant_files.plan import plan_run

    run = survey = total = None
    batch_size = job.batch_size
    if is_file:
        options = {"scores": ",".join(job.scores), "check_ref": job.check_ref, "regions": job.regions or "all"}
        run = plan_run(
            job.variants, target, job.genome, job.network, weights_sha256, options,
            context_bp=job.context, batch_size=batch_size, shard=job.shard, resume=resume,
        )  # fmt: skip
        batch_size = run.batch_size
        survey, span = _survey(job)
        total = span.n_records
    with _telling_what_is_kept(target, resume), progress("scored", unit="records", total=total) as advance:
        return score_vcf(
            job.variants,
            target,
            job.genome,
            job.network,
            scores=job.scores,
            context_bp=job.context,
            batch_size=batch_size,
            check_ref=job.check_ref,
            regions=job.regions,
            survey=survey,
            run=run,
            advance=advance,
        )


def _provenance(weights_sha256: str, genome: "FastaReader") -> list[str]:
    from dna_mamba.runs.provenance import run_lines

    fingerprints = {"weights_sha256": weights_sha256, "reference_sha256": genome.fingerprint}
    return run_lines("score", __version__, shlex.join(["dna-mamba", *sys.argv[1:]]), fingerprints)


def _estimate(job: _Job) -> None:
    """What scoring would take, as a table on standard output."""
    from dna_mamba.inference.estimate import estimate_scoring
    from dna_mamba.scoring import VariantScorer
    from dna_mamba.scoring.variant_files.job import count_windows

    _, span = _survey(job)
    scorer = VariantScorer(
        job.genome, job.network, scores=job.scores, context_bp=job.context, batch_size=job.batch_size
    )
    n_windows = count_windows(job.variants, scorer, span, job.regions)
    click.echo(f"records\t{span.n_records}")
    click.echo(f"windows\t{n_windows}")
    print_estimate(estimate_scoring(n_windows, job.context, job.batch_size, job.network))


@contextmanager
def _telling_what_is_kept(target: "Target", resume: bool) -> Iterator[None]:
    """Where a run ends early and its progress stays, say so; a scheduler that ends a resumable run is told 75."""
    from dna_mamba.scoring.variant_files.plan import kept_records

    try:
        yield
    except (KeyboardInterrupt, MachineError) as error:
        kept = kept_records(target)
        if kept and isinstance(error, TerminatedError) and resume:
            raise PreemptedError("stopped, what was done is kept", place=kept, remedy="run it again") from None
        if kept:
            log(f"what was done is kept in {kept}: the same command with --resume goes on")
        raise
