"""``dna-mamba evaluate consequences``: a model's score and what substitutions do to proteins (docs/consequences.md)."""

import json
from typing import TYPE_CHECKING

import click

from dna_mamba.cli.console import log, log_context, progress
from dna_mamba.cli.options import (
    batch_size_option,
    context_option,
    device_option,
    force_option,
    model_option,
    resolve_device,
    setup_torch,
    threads_option,
)

if TYPE_CHECKING:
    from dna_mamba.evaluation.consequences import ConsequenceReport


@click.command()
@click.argument("genome", metavar="GENOME.fa", type=click.Path())
@click.argument("annotation", metavar="GENES.gff3|gtf", type=click.Path())
@model_option
@click.option("--held-out", multiple=True, required=True, metavar="CHR", help="Contig to ask about; may be repeated.")
@click.option("--exclude", multiple=True, metavar="CHR", help="Contig that is neither asked about nor counted.")
@click.option("--per-class", type=click.IntRange(min=0), default=3000, show_default=True, help="0 takes all.")
@context_option
@click.option("--genetic-code", type=int, default=1, show_default=True, help="NCBI's number.")
@click.option(
    "--resamples", type=click.IntRange(min=0), default=500, show_default=True, help="Of genes, for intervals."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the sample and of the resamples.")
@click.option("-o", "--output", metavar="OUT.json", type=click.Path(), help="Everything that is printed, and more.")
@batch_size_option("Sites")
@device_option
@threads_option
@force_option
def command(
    genome: str,
    annotation: str,
    model: str,
    held_out: tuple[str, ...],
    exclude: tuple[str, ...],
    per_class: int,
    context: int | None,
    genetic_code: int,
    resamples: int,
    seed: int,
    output: str | None,
    batch_size: int | None,
    device: str,
    threads: int,
    force: bool,
) -> None:
    """AUROC of a model's score for nonsense and missense against synonymous substitutions of held-out contigs.

    Substitutions in coding sequences are called from the annotation alone and scored as `dna-mamba score` scores them,
    beside predictors that need no model. The model is never told where codons begin. A table goes to standard output.
    """
    from dna_mamba.checkpoints import weights_sha256
    from dna_mamba.evaluation.consequences import ConsequenceOptions, check_consequences, choose_substitutions
    from dna_mamba.inference.open import as_model
    from dna_mamba.io.atomic import check_target
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.io.gff.rows import read_coding

    if output is not None:
        check_target(output, force=force)
    options = ConsequenceOptions(held_out, exclude, per_class or None, context, genetic_code, resamples, seed)
    setup_torch(threads)
    network = as_model(model, resolve_device(device))
    genes = read_coding(annotation)
    with FastaReader(genome) as reader:
        chosen = choose_substitutions(reader, genes, options)
        with progress("scored", unit="sites", total=chosen.n_sites) as advance:
            report = check_consequences(chosen, reader, network, options, batch_size=batch_size, advance=advance)
    _print(report)
    log_context(context, report.facts["context_bp"])
    if output is not None:
        facts = {"model": model, "weights_sha256": weights_sha256(model)}
        _write(output, facts | report.as_json(), force=force)


def _write(output: str, content: dict[str, object], *, force: bool) -> None:
    from dna_mamba.io.atomic import atomic_output

    with atomic_output(output, force=force) as stream:
        stream.write((json.dumps(content, indent=1) + "\n").encode())


def _print(report: "ConsequenceReport") -> None:
    """The table to standard output; what was left out to standard error."""
    facts = report.facts
    for reason, count in facts["left_out"].items():
        if count:
            log(f"left out {count:,} transcripts: {reason}")
    log(f"{facts['genes']:,} genes; substitutions {facts['substitutions']}, of which scored {facts['scored']}")
    click.echo("comparison\twithin\tscore\tauroc\tlow\thigh")
    for comparison, within, score, auroc in report.rows():
        click.echo(f"{comparison}\t{within}\t{score}\t" + "\t".join(f"{value:.3f}" for value in auroc))
