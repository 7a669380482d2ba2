"""``dna-mamba data leaks``: held-out sequence that stands in training too (docs/splits.md)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dna_mamba.cli.console import log, progress
from dna_mamba.cli.options import force_option
from dna_mamba.errors import InputError

if TYPE_CHECKING:
    from dna_mamba.data.genomes import Genome
    from dna_mamba.data.leaks.report import LeakReport
    from dna_mamba.data.leaks.windows import WindowLeak
    from dna_mamba.data.splits import Split
    from dna_mamba.genome import Interval

_COLUMNS = ("chrom", "start", "end", "share", "training_chrom", "training_start", "training_end", "strand", "identity")


@click.command()
@click.argument("genomes", metavar="STORE|FASTA...", nargs=-1, required=True, type=click.Path())
@click.option(
    "--held-out",
    multiple=True,
    required=True,
    metavar="BED|PLACE",
    help="BED file (0-based half-open), contig, pattern or CHR:START-END (1-based, both ends in); may be repeated.",
)
@click.option("--exclude", multiple=True, metavar="BED|PLACE", help="What is not trained on either; may be repeated.")
@click.option("--window-bp", type=click.IntRange(min=100), default=1000, show_default=True, help="Bases of a window.")
@click.option(
    "--share",
    type=click.FloatRange(min=0, min_open=True, max=1),
    default=0.5,
    show_default=True,
    help="A window leaks if this much of it or more stands in training.",
)
@click.option("--sensitive", is_flag=True, help="Find copies of 80-90 % identity too; takes several times as long.")
@click.option("--worst", type=click.IntRange(min=0), default=10, show_default=True, help="Windows that are named.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "-o",
    "--output",
    metavar="OUT.tsv|OUT.bed",
    type=click.Path(),
    help="Every window as a table, or the leaking ones as BED, which a recipe takes as genome.exclude.",
)
@click.option(
    "--exclude-training",
    is_flag=True,
    help="Write to OUT.bed the stretches of training that leaking windows match instead, for genome.exclude.",
)
@force_option
def command(
    genomes: tuple[str, ...],
    held_out: tuple[str, ...],
    exclude: tuple[str, ...],
    window_bp: int,
    share: float,
    sensitive: bool,
    worst: int,
    as_json: bool,
    output: str | None,
    exclude_training: bool,
    force: bool,
) -> None:
    """Find held-out windows whose k-mers, on either strand, stand in training: everything that is not held out.

    A window's share is the part of its bases that lies in matches: shared k-mers in line with each other at one place
    of training. Figures go to standard output, and the worst windows with where they match.
    """
    from dna_mamba.data.leaks.report import LeakReport
    from dna_mamba.data.leaks.search import find_leaks, search_bp, training_matches
    from dna_mamba.data.leaks.settings import LeakSettings

    _check_output(output, exclude_training=exclude_training, force=force)
    settings = LeakSettings(window_bp=window_bp, share=share, sensitive=sensitive)
    split = _split(genomes, held_out, exclude)
    with progress("searched", unit="bp", total=search_bp(split.validation, split.train, settings)) as advance:
        found = LeakReport(find_leaks(split.genome, split.validation, split.train, settings, advance), settings)
    facts = found.facts() | {"training_bp": sum(map(len, split.train))}
    stretches: list[Interval] | None = None
    if exclude_training:
        windows = [leak.window for leak in found.leaking]
        stretches = training_matches(split.genome, windows, split.train, settings)
        facts["training_bp_to_exclude"] = sum(map(len, stretches))
    if as_json:
        click.echo(json.dumps(facts | {"worst": [_row(leak) for leak in found.worst(worst)]}, indent=1))
    else:
        _print(facts, found, worst)
    if output is not None:
        _write(output, found, stretches, force=force)


def _check_output(output: str | None, *, exclude_training: bool, force: bool) -> None:
    from dna_mamba.io.atomic import check_target

    if output is None:
        if exclude_training:
            raise InputError("--exclude-training writes a BED file", place="--output", remedy="give -o OUT.bed")
        return
    suffix = Path(output).suffix
    if suffix not in (".tsv", ".bed") or (exclude_training and suffix != ".bed"):
        remedy = "give OUT.bed" if exclude_training else "give OUT.tsv for every window or OUT.bed for the leaking ones"
        raise InputError(f"suffix {suffix!r} does not say what to write", place=output, remedy=remedy)
    check_target(output, force=force)


def _split(genomes: Sequence[str], held_out: Sequence[str], exclude: Sequence[str]) -> "Split":
    """Places by use; texts that are files are BED files, whatever they are called."""
    from dna_mamba.data.shares import BedPlaces
    from dna_mamba.data.splits import split_genome

    opened = _open(genomes)

    def rules(texts: Sequence[str]) -> list[str | BedPlaces]:
        return [BedPlaces(bed=text) if text not in opened and Path(text).is_file() else text for text in texts]

    try:
        return split_genome(opened, validation=rules(held_out), exclude=rules(exclude))
    except InputError as error:
        options = {"genome.validation": "--held-out", "genome.exclude": "--exclude"}
        raise InputError(error.what, place=options.get(str(error.place), error.place), remedy=error.remedy) from None


def _open(paths: Sequence[str]) -> "Genome":
    from dna_mamba.data.genomes import load_genomes
    from dna_mamba.data.store import GenomeStore

    if not any(Path(path).is_dir() for path in paths):
        return load_genomes(paths)
    if len(paths) > 1:
        raise InputError(f"{len(paths)} paths of which some are directories", remedy="give one store, or FASTA files")
    return GenomeStore(paths[0])


def _row(leak: "WindowLeak") -> dict[str, Any]:
    """A window and where it stands in training, 0-based half-open."""
    window, source = leak.window, leak.source
    where = (source.chrom, source.start, source.end, str(source.strand)) if source else (None, None, None, None)
    return dict(zip(_COLUMNS, (window.chrom, window.start, window.end, leak.share, *where, leak.identity), strict=True))


def _print(facts: dict[str, Any], found: "LeakReport", worst: int) -> None:
    """Figures as name and value, then the worst windows in region notation, 1-based."""
    for name in ("held_out_bp", "training_bp", "windows", "leaking_windows", "leaking_bp", "training_bp_to_exclude"):
        if name in facts:
            click.echo(f"{name}\t{facts[name]}")
    for threshold, share in facts["share_of_windows_at"].items():
        click.echo(f"share_of_windows_at_{threshold}\t{share:.4f}")
    named = found.worst(worst)
    if named:
        click.echo("window\tshare\ttraining\tstrand\tidentity")
    for leak in named:
        where, strand = (str(leak.source), str(leak.source.strand)) if leak.source else ("repeats", ".")
        click.echo(f"{leak.window}\t{leak.share:.3f}\t{where}\t{strand}\t{leak.identity:.3f}")
    if len(found.leaking) > len(named):
        log(f"{len(found.leaking) - len(named):,} more windows leak; -o OUT.tsv has them all")


def _write(output: str, found: "LeakReport", stretches: "Sequence[Interval] | None", *, force: bool) -> None:
    from dna_mamba.io.atomic import atomic_output

    if Path(output).suffix == ".bed":
        places = [leak.window for leak in found.leaking] if stretches is None else stretches
        lines = [f"{place.chrom}\t{place.start}\t{place.end}" for place in places]
    else:
        rows = [_row(leak).values() for leak in found.windows]
        lines = ["#" + "\t".join(_COLUMNS), *("\t".join(map(_cell, row)) for row in rows)]
    with atomic_output(output, force=force) as stream:
        stream.write("".join(f"{line}\n" for line in lines).encode("utf-8", errors="surrogateescape"))
    log(f"{output}: {len(lines) - (stretches is None and Path(output).suffix == '.tsv'):,} places")


def _cell(value: object) -> str:
    if value is None:
        return "."
    return f"{value:.4g}" if isinstance(value, float) else str(value)
