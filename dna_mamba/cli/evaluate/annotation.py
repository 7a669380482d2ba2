"""``dna-mamba evaluate annotation``: predicted genes beside known ones (docs/annotation.md)."""

import json
from typing import TYPE_CHECKING

import click

from dna_mamba.cli.console import log
from dna_mamba.cli.options import force_option

if TYPE_CHECKING:
    from dna_mamba.annotation.levels import AnnotationReport


@click.command()
@click.argument("truth", metavar="TRUTH.gff3", type=click.Path())
@click.argument("predicted", metavar="PRED.gff3", type=click.Path())
@click.option("-f", "--fasta", required=True, metavar="GENOME.fa", type=click.Path(), help="What both are of.")
@click.option("--contig", multiple=True, metavar="CHR", help="Compare this contig alone; may be repeated.")
@click.option("--genetic-code", type=int, show_default="as TRUTH states", help="NCBI's number.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with everything, in place of the table.")
@click.option("-o", "--output", metavar="OUT.json", type=click.Path(), help="Write the JSON there too.")
@force_option
def command(
    truth: str,
    predicted: str,
    fasta: str,
    contig: tuple[str, ...],
    genetic_code: int | None,
    as_json: bool,
    output: str | None,
    force: bool,
) -> None:
    """Recall, precision and F1 of predicted genes at gffcompare's levels, and of their starts and stops.

    TRUTH and PRED are GFF3, GTF, GenBank or EMBL files, compressed or not. Coding parts are compared, stop codons
    included. A table goes to standard output.
    """
    from dna_mamba.evaluation.annotation import compare_annotations
    from dna_mamba.io.atomic import atomic_output, check_target
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.io.genbank_features import read_annotation

    if output is not None:
        check_target(output, force=force)
    known, guessed = read_annotation(truth), read_annotation(predicted)
    with FastaReader(fasta) as genome:
        report = compare_annotations(
            known, guessed, genome, places=(truth, predicted), contigs=contig, genetic_code=genetic_code
        )
    for note in report.notes:
        log(note)
    text = json.dumps(report.as_json(), indent=1, allow_nan=False)
    if as_json:
        click.echo(text)
    else:
        _print(report)
    if output is not None:
        with atomic_output(output, force=force) as stream:
            stream.write((text + "\n").encode())


def _print(report: "AnnotationReport") -> None:
    from dna_mamba.annotation.levels import gt_ag_share

    click.echo("level\tknown\tpredicted\trecall\tprecision\tF1")
    for name, level in report.levels.items():
        shares = "\t".join(_share(value) for value in (level.recall, level.precision, level.f1))
        click.echo(f"{name}\t{level.known}\t{level.predicted}\t{shares}")
    same = report.same_start
    click.echo(f"start known, of genes whose stop is found\t{same.known}\t\t{_share(same.recall)}\t\t")
    for name, counts in report.introns.items():
        share = gt_ag_share(counts)
        shown = "-" if share is None else _share(share)
        click.echo(f"GT-AG, of {name} introns\t{counts.total()}\t\t{shown}\t\t")


def _share(value: float) -> str:
    return "-" if value != value else f"{value:.4f}"
