"""Genomes held in memory as one byte a base pair."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader

Codes = NDArray[np.uint8]
"""Base codes of ``dna_mamba.alphabet``, soft-mask bit included, (L,)."""


class Split(NamedTuple):
    """Contigs by their use; every contig of the genomes is in exactly one."""

    train: dict[str, Codes]
    validation: dict[str, Codes]
    test: dict[str, Codes]
    excluded: tuple[str, ...]


def load_genomes(paths: Iterable[str | Path]) -> dict[str, Codes]:
    """Codes of every contig of one or more FASTA files, in order.

    Raises:
        InputError: a file cannot be read, or two files hold a contig of the same name.
    """
    genome: dict[str, Codes] = {}
    for path in paths:
        with FastaReader(path) as reader:
            for chrom, _ in reader.contigs:
                if chrom in genome:
                    raise InputError(f"contig {chrom!r} appears twice", place=path, remedy="rename one of them")
                genome[chrom] = reader.codes(chrom)
    return genome


def split_by_contig(
    genome: Mapping[str, Codes], *, validation: Iterable[str], test: Iterable[str], exclude: Iterable[str]
) -> Split:
    """Hold whole contigs out, each named exactly or by a shell pattern; all others train.

    Raises:
        InputError: a name or pattern matches no contig, a contig is claimed twice, or nothing is left to train on.
    """
    use_of: dict[str, str] = {}
    for use, patterns in (("validation", validation), ("test", test), ("exclude", exclude)):
        for chrom in _matching(genome, patterns, use):
            if chrom in use_of:
                raise InputError(f"contig {chrom!r} is both {use_of[chrom]} and {use}", remedy="name it once")
            use_of[chrom] = use

    def having(use: str) -> dict[str, Codes]:
        return {chrom: codes for chrom, codes in genome.items() if use_of.get(chrom, "train") == use}

    if not having("train"):
        raise InputError("no contig is left to train on", remedy="hold fewer contigs out")
    return Split(having("train"), having("validation"), having("test"), tuple(having("exclude")))


def _matching(genome: Mapping[str, Codes], patterns: Iterable[str], use: str) -> list[str]:
    chosen: list[str] = []
    for pattern in patterns:
        matches = [chrom for chrom in genome if chrom == pattern or fnmatchcase(chrom, pattern)]
        if not matches:
            known = ", ".join(list(genome)[:5])
            raise InputError(f"{use}: no contig matches {pattern!r}", remedy=f"contigs are {known}, ...")
        chosen += [chrom for chrom in matches if chrom not in chosen]
    return chosen
