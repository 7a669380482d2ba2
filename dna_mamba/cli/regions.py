"""``-r`` and ``-R``: which stretches of a genome a command looks at."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dna_mamba.errors import InputError

if TYPE_CHECKING:
    from dna_mamba.genome import Interval
    from dna_mamba.io.fasta import FastaReader

Command = TypeVar("Command", bound=Callable[..., Any])


def region_options(command: Command) -> Command:
    """``-r``, which may be repeated, and ``-R``, as ``regions`` and ``regions_bed``."""
    command = click.option(
        "-R",
        "--regions-bed",
        metavar="BED",
        type=click.Path(),
        help="Regions of a BED file, 0-based half-open, in its order.",
    )(command)
    return click.option(
        "-r",
        "--region",
        "regions",
        multiple=True,
        metavar="CHR:START-END",
        help="Region, 1-based, both ends included; may be repeated.",
    )(command)


def read_regions(texts: Sequence[str], bed: str | None, genome: "FastaReader") -> "list[Interval]":
    """The regions of both options, in order, those without a base left out; none if neither was given.

    Raises:
        InputError: a region is malformed or not on the genome, or none of them holds a base.
    """
    from dna_mamba.io.bed import read_bed
    from dna_mamba.io.regions import parse_region

    regions = [parse_region(text, genome.contigs) for text in texts]
    for interval in read_bed(bed) if bed else ():
        if interval.end > genome.length(interval.chrom):
            what = f"{interval.chrom}:{interval.start}-{interval.end} (0-based) ends behind {interval.chrom}"
            raise InputError(f"{what}, which has {genome.length(interval.chrom)} bp", place=bed, remedy="wrong build?")
        regions.append(interval)
    regions = [region for region in regions if len(region)]
    if (texts or bed) and not regions:
        raise InputError("no region holds a base", place=bed or "--region")
    return regions
