"""``dna-mamba ism``: in-silico saturation mutagenesis, every substitution at every position, and a figure of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from dna_mamba.cli.console import log_context, log_precision, print_estimate, progress
from dna_mamba.cli.figures import MOST_FIGURE_BP, check_figure, figure_option, write_figure
from dna_mamba.cli.options import context_option, model_option, resolve_device, run_options, setup_torch
from dna_mamba.cli.regions import read_regions, region_options
from dna_mamba.cli.resuming import resume_option, telling_what_is_kept
from dna_mamba.errors import InputError

if TYPE_CHECKING:
    from dna_mamba.genome import Interval
    from dna_mamba.models.precision import Precision
    from dna_mamba.scoring.mutagenesis.sites import Asking
    from dna_mamba.scoring.mutagenesis.table import Mutagenesis


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
@figure_option("Heat map and sequence logo of one region")
@click.option(
    "--scores",
    type=click.Choice(["llr", "wt-llr"]),
    default="llr",
    show_default=True,
    help="llr masks each site in turn, as score does; wt-llr reads all sites off one pass without masks, half of "
    "--context beyond each end.",
)
@context_option
@resume_option
@run_options("Masked sites")
def command(
    sequences: str | None,
    model: str,
    reference: str | None,
    regions: tuple[str, ...],
    regions_bed: str | None,
    output: str,
    figure: str | None,
    scores: "Asking",
    context: int | None,
    resume: bool,
    batch_size: int | None,
    device: str,
    precision: "Precision",
    threads: int,
    dry_run: bool,
    force: bool,
    no_version: bool,
) -> None:
    """Score the three substitutions at each position of a region of REF.fa, or of each sequence of SEQ.fa.

    The table has a row for each substitution: #chrom pos ref alt llr p_ref p_alt entropy. llr is ln p(alt) - ln p(ref)
    in nats, both strands joined; below zero the model finds alt less likely than ref. pos is 1-based.
    """
    from dna_mamba.io.atomic import check_target
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.runs.provenance import command_line
    from dna_mamba.scoring.mutagenesis.job import MutagenesisJob
    from dna_mamba.scoring.mutagenesis.sites import Settings

    path = _source(sequences, reference, has_regions=bool(regions or regions_bed))
    check_target(output, force=force)
    with FastaReader(path) as genome:
        setup_torch(threads)
        job = MutagenesisJob(
            genome,
            model,
            regions=read_regions(regions, regions_bed, genome),
            settings=Settings(scores, context, batch_size),
            device=resolve_device(device),
            precision=precision,
        )
        if figure:
            check_figure(figure, force=force)
            _check_shown(figure, job.regions)
        if dry_run:
            facts = job.estimate()
            click.echo(f"sites\t{facts.n_sites}")
            print_estimate(facts.passes)
            return
        shown: list[Mutagenesis] = []
        total = job.missing_sites(output, resume=resume)
        with telling_what_is_kept(output, resume=resume), progress("mutated", unit="sites", total=total) as advance:
            command = None if no_version else command_line()
            take = shown.append if figure else _ignore
            job.run(output, resume=resume, force=force, command=command, take=take, advance=advance)
    log_context(context, job.context_bp)
    log_precision(precision, job.precision)
    if figure:
        _draw(figure, shown, f"{model}, {scores}", force=force)


def _ignore(_: "Mutagenesis") -> None:
    """Parts that no figure shows."""


def _source(sequences: str | None, reference: str | None, *, has_regions: bool) -> str:
    """The file that is read: a genome with regions, or sequences of their own."""
    if (sequences is None) == (reference is None):
        raise InputError("give either SEQ.fa, or a genome with -f and regions with -r or -R")
    if reference is not None and not has_regions:
        raise InputError("no region", place="--reference", remedy="give -r or -R, or the file without -f for all of it")
    if sequences is not None and has_regions:
        raise InputError("regions belong to a genome", place=sequences, remedy="give it with -f")
    return sequences or reference or ""


def _check_shown(path: str, regions: "Sequence[Interval]") -> None:
    if len(regions) != 1 or len(regions[0]) > MOST_FIGURE_BP:
        what = f"{len(regions)} regions of {sum(map(len, regions)):,} bp"
        raise InputError(what, place=path, remedy=f"a figure shows one region of at most {MOST_FIGURE_BP:,} bp")


def _draw(path: str, parts: "Sequence[Mutagenesis]", title: str, *, force: bool) -> None:
    from dna_mamba.plotting import mutagenesis_map
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
    write_figure(figure, path, force=force)
