"""``dna-mamba demo``: packaged variants scored against a packaged chromosome; a table, a VCF and a figure."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import click

from dna_mamba.cli.console import log, progress
from dna_mamba.cli.options import device_option, force_option, resolve_device, setup_torch, threads_option
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval

if TYPE_CHECKING:
    from dna_mamba.plotting import ScoredVariant, SitePrediction

DEFAULT_OUTPUT = "dna-mamba-demo"
SCORES_FILE = "scores.vcf"
FIGURE_FILE = "variants.png"
_ASSETS = Path(__file__).parent.parent / "assets" / "demo"
GENOME = _ASSETS / "sacCer3_chrI.fa.gz"
VARIANTS = _ASSETS / "variants_chrI.vcf.gz"
CODING = _ASSETS / "coding_chrI.bed"
_CHROM = "chrI"
_N_RECORDS = 400
_N_SHOWN = 10
_CONTEXT_BP = 256
"""Short whatever the model was trained on: a demonstration takes seconds."""


@click.command()
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(),
    help=f"Directory for the results. Default ./{DEFAULT_OUTPUT}, where a new demo replaces an older one.",
)
@click.option(
    "-m", "--model", default="yeast-tiny", show_default=True, metavar="MODEL", help="Model directory or packaged name."
)
@device_option
@threads_option
@force_option
def command(output: str | None, model: str, device: str, threads: int, force: bool) -> None:
    """Score 400 yeast variants on chromosome I: a table on standard output, a VCF and a figure in DIR.

    The variants are those of one isolate of the 1011 yeast genomes (Peter et al. 2018) against S. cerevisiae S288C.
    """
    from dna_mamba.io.bed import read_bed
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.plotting import ScoredVariant, SitePrediction
    from dna_mamba.scoring import as_model, site_probabilities
    from dna_mamba.scoring.variant_files.job import ScoreJob
    from dna_mamba.scoring.variant_files.read import read_scores
    from dna_mamba.scoring.variant_files.target import Target

    force = force or output is None
    scores_path, figure_path = _claim(Path(output or DEFAULT_OUTPUT), force=force)
    setup_torch(threads)
    network = as_model(model, resolve_device(device))
    with FastaReader(GENOME) as genome:
        with progress("scored", unit="records", total=_N_RECORDS) as advance:
            summary = ScoreJob(VARIANTS, genome, network, context_bp=_CONTEXT_BP).run(
                Target(scores_path, force=force), advance=advance
            )
        found = ((score.variant, score.llr) for score in read_scores(scores_path) if score.variant.is_snv)
        variants = [ScoredVariant(v.pos, v.ref, v.alt, llr) for v, llr in found if llr is not None]
        strongest = sorted(variants, key=lambda variant: variant.llr)[:_N_SHOWN]
        predictions = [
            SitePrediction(v, site_probabilities(genome, network, _CHROM, v.pos - 1, context_bp=_CONTEXT_BP))
            for v in strongest
        ]
    for line in summary.lines():
        log(line)
    coding = list(read_bed(CODING))
    click.echo("\n".join([*_table(predictions, len(variants), coding), "", *_medians(variants, coding), ""]))
    click.echo(f"scores  {scores_path}")
    title = f"{len(variants)} substitutions of a yeast isolate, scored by {model}"
    if _draw(figure_path, variants, coding, predictions[0], title, force=force):
        click.echo(f"figure  {figure_path}")


def _claim(directory: Path, *, force: bool) -> tuple[Path, Path]:
    """The files to write, in a directory that exists from now on."""
    from dna_mamba.io.atomic import check_target

    try:
        directory.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InputError("is not a directory", place=directory, remedy="give another with -o") from None
    scores_path = directory / SCORES_FILE
    figure_path = directory / FIGURE_FILE
    for path in (scores_path, figure_path):
        check_target(path, force=force)
    return scores_path, figure_path


def _table(predictions: "Sequence[SitePrediction]", n_scored: int, coding: Sequence[Interval]) -> list[str]:
    """The least expected substitutions, a line each."""
    rows = [("position", "change", "coding in", "LLR", "p(REF)", "p(ALT)")]
    for variant, probabilities in predictions:
        p_ref, p_alt = (probabilities[base.upper()] for base in (variant.ref, variant.alt))
        place, change = f"{_CHROM}:{variant.pos:,}", f"{variant.ref}>{variant.alt}"
        gene = _gene_at(variant.pos, coding)
        rows.append((place, change, gene, f"{variant.llr:.3f}", f"{p_ref:.4f}", f"{p_alt:.4f}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(f"{cell:<{width}}" if i < 3 else f"{cell:>{width}}" for i, (cell, width) in enumerate(cells))
        for cells in (zip(row, widths, strict=True) for row in rows)
    ]
    head = f"The {len(predictions)} least expected of {n_scored} substitutions"
    return [f"{head} (LLR in nats; below 0: ALT less likely than REF)", "", lines[0], "-" * len(lines[0]), *lines[1:]]


def _gene_at(pos: int, coding: Iterable[Interval]) -> str:
    return next((interval.name for interval in coding if interval.start < pos <= interval.end), "-")


def _medians(variants: "Sequence[ScoredVariant]", coding: Sequence[Interval]) -> list[str]:
    """Median scores of halves that differ in biology."""
    from dna_mamba.plotting import is_transition

    tests: dict[str, Callable[[ScoredVariant], bool]] = {
        "in coding sequences": lambda v: _gene_at(v.pos, coding) != "-",
        "elsewhere": lambda v: _gene_at(v.pos, coding) == "-",
        "transitions": lambda v: is_transition(v.ref, v.alt),
        "transversions": lambda v: not is_transition(v.ref, v.alt),
    }
    chosen = {name: [v.llr for v in variants if test(v)] for name, test in tests.items()}
    return [f"median LLR {name:<20}{median(llr):8.3f}  ({len(llr)})" for name, llr in chosen.items() if llr]


def _draw(
    path: Path,
    variants: "Sequence[ScoredVariant]",
    coding: Sequence[Interval],
    strongest: "SitePrediction",
    title: str,
    *,
    force: bool,
) -> bool:
    """Write the figure, or say why there is none."""
    from dna_mamba.plotting import save_figure, variant_map

    try:
        figure = variant_map(variants, chrom=_CHROM, coding=coding, strongest=strongest, title=title)
    except InputError as error:
        log(f"no figure: {error}")
        return False
    save_figure(figure, path, force=force)
    return True
