"""``dna-mamba ism``: in-silico saturation mutagenesis, every substitution at every position, and a figure of it."""

import shlex
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from dna_mamba import __version__
from dna_mamba.cli.console import log, print_estimate, progress
from dna_mamba.cli.options import model_option, resolve_device, run_options, setup_torch
from dna_mamba.cli.regions import read_regions, region_options
from dna_mamba.errors import InputError

if TYPE_CHECKING:
    from dna_mamba.genome import Interval
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.models import MaskedLanguageModel
    from dna_mamba.scoring.mutagenesis.predict import Settings
    from dna_mamba.scoring.mutagenesis.table import Mutagenesis, Scores

_MAX_FIGURE_BP = 1000


@click.command()
@click.argument("sequences", type=click.Path(), metavar="[SEQ.fa]", required=False)
@model_option
@click.option("-f", "--reference", metavar="REF.fa", type=click.Path(), help="Genome, with regions of -r or -R.")
@region_options()
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="OUT.tsv",
    type=click.Path(),
    help="Table, BGZF-packed if it ends in .gz; standard output if not given.",
)
@click.option(
    "--figure",
    metavar="OUT.png",
    type=click.Path(),
    help=f"Heat map and sequence logo of one region of at most {_MAX_FIGURE_BP} bp: .png, .svg or .pdf.",
)
@click.option(
    "--scores",
    type=click.Choice(["llr", "wt-llr"]),
    default="llr",
    show_default=True,
    help="llr masks each site in turn, as score does; wt-llr reads all sites off one pass without masks.",
)
@click.option(
    "--context",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    help="Longest window around a masked site, in bp; without masks, half of it is read beyond each end.",
)
@run_options("Masked sites")
def command(
    sequences: str | None,
    model: str,
    reference: str | None,
    regions: tuple[str, ...],
    regions_bed: str | None,
    output: str,
    figure: str | None,
    scores: "Scores",
    context: int,
    batch_size: int | None,
    device: str,
    threads: int,
    dry_run: bool,
    force: bool,
    no_version: bool,
) -> None:
    """Score the three substitutions at each position of a region of REF.fa, or of each sequence of SEQ.fa.

    The table has a row for each substitution: #chrom pos ref alt llr p_ref p_alt entropy. llr is ln p(alt) - ln p(ref)
    in nats, both strands joined; below zero the model finds alt less likely than ref. pos is 1-based.
    """
    from dna_mamba.checkpoints import weights_sha256
    from dna_mamba.io.atomic import check_target
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.runs.provenance import run_lines
    from dna_mamba.scoring import as_model
    from dna_mamba.scoring.mutagenesis.predict import Settings

    path = _source(sequences, reference, has_regions=bool(regions or regions_bed))
    check_target(output, force=force)
    settings = Settings(scores, context, batch_size)
    with FastaReader(path) as genome:
        chosen = _chosen(genome, regions, regions_bed)
        if figure:
            _check_figure(figure, chosen, force=force)
        setup_torch(threads)
        network = as_model(model, resolve_device(device))
        if dry_run:
            _estimate(chosen, genome, network, settings)
            return
        header: list[str] = []
        if not no_version:
            fingerprints = {"weights_sha256": weights_sha256(model), "reference_sha256": genome.fingerprint}
            header = run_lines("ism", __version__, shlex.join(["dna-mamba", *sys.argv[1:]]), fingerprints)
        results = _run(chosen, genome, network, settings, output, header, keep=bool(figure), force=force)
    if figure:
        _draw(figure, results, f"{model}, {scores}", force=force)
        log(f"figure: {figure}")


def _source(sequences: str | None, reference: str | None, *, has_regions: bool) -> str:
    """The file that is read: a genome with regions, or sequences of their own."""
    if (sequences is None) == (reference is None):
        raise InputError("give either SEQ.fa, or a genome with -f and regions with -r or -R")
    if reference is not None and not has_regions:
        raise InputError("no region", place="--reference", remedy="give -r or -R, or the file without -f for all of it")
    if sequences is not None and has_regions:
        raise InputError("regions belong to a genome", place=sequences, remedy="give it with -f")
    return sequences or reference or ""


def _chosen(genome: "FastaReader", regions: Sequence[str], bed: str | None) -> "list[Interval]":
    from dna_mamba.genome import Interval

    chosen = read_regions(regions, bed, genome) or [Interval(chrom, 0, length) for chrom, length in genome.contigs]
    return [region for region in chosen if len(region)]


def _check_figure(path: str, regions: "Sequence[Interval]", *, force: bool) -> None:
    from dna_mamba.io.atomic import check_target
    from dna_mamba.plotting import figure_format

    figure_format(path)
    check_target(path, force=force)
    if len(regions) != 1 or len(regions[0]) > _MAX_FIGURE_BP:
        what = f"{len(regions)} regions of {sum(map(len, regions)):,} bp"
        raise InputError(what, place=path, remedy=f"a figure shows one region of at most {_MAX_FIGURE_BP:,} bp")


def _estimate(
    regions: "Sequence[Interval]", genome: "FastaReader", model: "MaskedLanguageModel", settings: "Settings"
) -> None:
    from dna_mamba.inference.estimate import estimate_scoring
    from dna_mamba.sequences.windows import flank_bp

    n_sites = sum(map(len, regions))
    click.echo(f"sites\t{n_sites}")
    if settings.scores == "llr":
        print_estimate(estimate_scoring(n_sites, settings.context_bp, settings.batch_size, model))
        return
    flank = flank_bp(settings.context_bp)
    spans = [min(r.end + flank, genome.length(r.chrom)) - max(r.start - flank, 0) for r in regions]
    one = estimate_scoring(1, max(spans), 1, model)
    print_estimate(one._replace(positions=sum(spans), seconds=one.seconds * sum(spans) / max(spans)))


def _run(
    regions: "Iterable[Interval]",
    genome: "FastaReader",
    model: "MaskedLanguageModel",
    settings: "Settings",
    output: str,
    header: "Sequence[str]",
    *,
    keep: bool,
    force: bool,
) -> "list[Mutagenesis]":
    """Write the table piece by piece; the pieces where they are to be kept."""
    from dna_mamba.io.lines import line_output
    from dna_mamba.scoring.mutagenesis.predict import mutagenesis_parts
    from dna_mamba.scoring.mutagenesis.table import table_header, table_rows

    regions, kept = list(regions), []
    with (
        line_output(output, force=force) as write_lines,
        progress("mutated", unit="sites", total=sum(map(len, regions))) as advance,
    ):
        write_lines([*header, *table_header(settings.scores, settings.context_bp)])
        for region in regions:
            for part in mutagenesis_parts(region, genome, model, settings):
                write_lines(table_rows(part))
                kept += [part] if keep else []
                advance(len(part))
    return kept


def _draw(path: str, parts: "Sequence[Mutagenesis]", title: str, *, force: bool) -> None:
    from dna_mamba.plotting import mutagenesis_map, save_figure
    from dna_mamba.scoring.mutagenesis.table import joined

    result = joined(parts)
    figure = mutagenesis_map(
        result.sequence,
        result.llr,
        result.log_probabilities,
        chrom=result.chrom,
        start=result.start,
        title=f"{result.chrom}:{result.start + 1:,}-{result.start + len(result):,}, {title}",
    )
    save_figure(figure, path, force=force)
