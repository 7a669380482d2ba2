"""``dna-mamba score``: every record of a VCF out, each allele with a score or the reason why it has none."""

from typing import TYPE_CHECKING

import click

from dna_mamba.cli.console import log, log_context, log_precision, print_estimate, progress
from dna_mamba.cli.options import (
    context_option,
    model_option,
    output_option,
    output_type_option,
    resolve_device,
    run_options,
    setup_torch,
    shard_option,
    write_index_option,
)
from dna_mamba.cli.regions import read_regions, region_options
from dna_mamba.cli.resuming import resume_option, telling_what_is_kept

if TYPE_CHECKING:
    from dna_mamba.models.precision import Precision
    from dna_mamba.runs import Shard
    from dna_mamba.scoring.variant_files.job import ScoreJob
    from dna_mamba.scoring.variants.assess import CheckRef


def _names(_: click.Context, __: click.Parameter, names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())


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
    help="What to compute: llr, wt-llr, embedding, influence, entropy; head:PATH, what a head for variants says.",
)
@click.option(
    "--check-ref",
    type=click.Choice(["w", "x", "s", "e"]),
    default="w",
    show_default=True,
    help="Where REF differs from the reference: w warn and give no score, x leave the record out, s score what the "
    "record says, e stop.",
)
@context_option
@shard_option("Score")
@resume_option
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
    context: int | None,
    shard: "Shard | None",
    resume: bool,
    batch_size: int | None,
    device: str,
    precision: "Precision",
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
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.runs.provenance import command_line
    from dna_mamba.scoring.variant_files.job import ScoreJob
    from dna_mamba.scoring.variant_files.target import Target
    from dna_mamba.scoring.variants.scores import check_names

    target = Target(output, output_type, force, write_index=write_index)
    target.check()
    check_names(scores)
    setup_torch(threads)
    with FastaReader(reference) as genome:
        job = ScoreJob(
            variants,
            genome,
            model,
            scores=scores,
            context_bp=context,
            batch_size=batch_size,
            check_ref=check_ref,
            regions=read_regions(regions, regions_bed, genome),
            device=resolve_device(device),
            precision=precision,
        )
        total = None
        if job.is_repeatable or dry_run:
            total = _survey(job, shard)
        if dry_run:
            _estimate(job, shard)
            return
        with telling_what_is_kept(output, resume=resume), progress("scored", unit="records", total=total) as advance:
            command = None if no_version else command_line()
            summary = job.run(target, shard=shard, resume=resume, command=command, advance=advance)
    for line in summary.lines():
        log(line)
    log_context(context, job.context_bp)
    log_precision(precision, job.precision)


def _survey(job: "ScoreJob", shard: "Shard | None") -> int:
    """One reading before any scoring; returns how many records there are to score."""
    with progress("checked", unit="records") as advance:
        survey = job.survey(advance)
    for note in survey.notes:
        log(note)
    return job.span(shard).n_records


def _estimate(job: "ScoreJob", shard: "Shard | None") -> None:
    """What scoring would take, as a table on standard output."""
    facts = job.estimate(shard)
    click.echo(f"records\t{facts.n_records}")
    click.echo(f"windows\t{facts.n_windows}")
    print_estimate(facts.passes)
