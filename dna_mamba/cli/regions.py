"""``-r`` and ``-R``: which stretches of a genome a command looks at."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from dna_mamba.cli.options import Command
from dna_mamba.errors import InputError

if TYPE_CHECKING:
    from dna_mamba.genome import Interval
    from dna_mamba.io.fasta import FastaReader


def region_options(each: str = "Region", all_of: str = "Regions of a BED file") -> Callable[[Command], Command]:
    """``-r``, which may be repeated, and ``-R``, as ``regions`` and ``regions_bed``; help says what is done to them."""

    def with_options(command: Command) -> Command:
        in_bed = click.option(
            "-R", "--regions-bed", metavar="BED", type=click.Path(), help=f"{all_of} (0-based half-open)."
        )
        in_words = click.option(
            "-r",
            "--region",
            "regions",
            multiple=True,
            metavar="CHR:START-END",
            help=f"{each} (1-based, both ends included); may be repeated.",
        )
        return in_words(in_bed(command))

    return with_options


def read_regions(
    texts: Sequence[str], bed: str | None, genome: "FastaReader", *, stranded: bool = False
) -> "list[Interval]":
    """The regions of both options, in order; none if neither was given.

    Args:
        texts: places as ``chr:start-end``.
        bed: BED file.
        genome: what they lie on.
        stranded: take names and strands from the BED file too; otherwise columns past the third may hold anything.

    Raises:
        InputError: a region is malformed or not on the genome, or none of them holds a base.
    """
    from dna_mamba.io.bed import read_bed
    from dna_mamba.io.regions import parse_region, place_region

    lengths = dict(genome.contigs)
    regions = [parse_region(text, lengths) for text in texts]
    if bed is not None:
        regions += [place_region(interval, lengths, bed) for interval in read_bed(bed, stranded=stranded)]
    if (texts or bed is not None) and not any(map(len, regions)):
        raise InputError("no region holds a base", place=bed or "--region")
    return regions
