"""``dna-mamba score``: every record of a VCF out, each allele with a score or the reason why it has none."""

import shlex
import sys
from typing import TYPE_CHECKING

import click

from dna_mamba import __version__
from dna_mamba.cli.console import log, print_estimate, progress
from dna_mamba.cli.options import (
    batch_size_option,
    device_option,
    dry_run_option,
    force_option,
    model_option,
    no_version_option,
    resolve_device,
    setup_torch,
    threads_option,
)
from dna_mamba.errors import InputError

if TYPE_CHECKING:
    from dna_mamba.scoring.assess import CheckRef


@click.command()
@click.argument("variants", type=click.Path(), metavar="IN.vcf")
@model_option
@click.option(
    "-f", "--reference", required=True, metavar="REF.fa", type=click.Path(), help="Genome the variants were called on."
)
@click.option(
    "-o", "--output", default="-", metavar="OUT", type=click.Path(), help="Output; standard output if not given."
)
@click.option(
    "-O",
    "--output-type",
    type=click.Choice(["v", "z", "b", "t"]),
    help="v VCF, z VCF.gz (bgzip), b BCF, t table; default by the suffix of OUT.",
)
@click.option(
    "--scores",
    default="llr",
    show_default=True,
    metavar="NAME[,NAME...]",
    callback=lambda _, __, names: tuple(name.strip() for name in names.split(",") if name.strip()),
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
@batch_size_option("Windows")
@device_option
@threads_option
@dry_run_option
@force_option
@no_version_option
def command(
    variants: str,
    model: str,
    reference: str,
    output: str,
    output_type: str | None,
    scores: tuple[str, ...],
    check_ref: "CheckRef",
    context: int,
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
    from dna_mamba.scoring import VariantScorer, as_model
    from dna_mamba.scoring.annotation import provenance_lines
    from dna_mamba.scoring.estimate import estimate_scoring
    from dna_mamba.scoring.files import Target, can_be_read_twice, count_windows, score_vcf, survey_vcf
    from dna_mamba.scoring.scores import find_scores

    target = Target(output, output_type, force)
    target.check()
    find_scores(scores)
    setup_torch(threads)
    if dry_run and not can_be_read_twice(variants):
        raise InputError("an estimate needs a file to count", place="--dry-run", remedy="give IN.vcf by its path")
    network = as_model(model, resolve_device(device))
    with FastaReader(reference) as genome:
        if not no_version:
            fingerprints = {"weights_sha256": weights_sha256(model), "reference_sha256": genome.fingerprint}
            command_line = shlex.join(["dna-mamba", *sys.argv[1:]])
            target = target._replace(provenance=provenance_lines(__version__, command_line, fingerprints))
        survey = None
        if can_be_read_twice(variants):
            with progress("checked", unit="records") as advance:
                survey = survey_vcf(variants, genome, advance, context_bp=context, check_ref=check_ref)
            for note in survey.notes:
                log(note)
        if survey and dry_run:
            scorer = VariantScorer(genome, network, scores=scores, context_bp=context, batch_size=batch_size)
            n_windows = count_windows(variants, scorer)
            click.echo(f"records\t{survey.n_records}")
            click.echo(f"windows\t{n_windows}")
            print_estimate(estimate_scoring(n_windows, context, batch_size, network))
            return
        with progress("scored", unit="records", total=survey and survey.n_records) as advance:
            summary = score_vcf(
                variants,
                target,
                genome,
                network,
                scores=scores,
                context_bp=context,
                batch_size=batch_size,
                check_ref=check_ref,
                surveyed=survey is not None,
                advance=advance,
            )
    for line in summary.lines():
        log(line)
