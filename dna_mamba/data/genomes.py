"""Genomes by contig: those held in memory as one byte a base pair, and what they share with a store on disk.

Where several genomes are read together, a contig of a store is called ``genome:contig``; contigs of FASTA files keep
their names.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np

from dna_mamba.alphabet import Codes
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader

_SUFFIXES = (".gz", ".bgz", ".bgzf")


class ContigCodes(Protocol):
    """Base codes of a contig that can be sliced, uint8 (L,), soft-mask bits kept: an array, or a contig on disk.

    ``contig[start:end]`` gives an array; nothing else of the contig is read.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, places: slice, /) -> Codes: ...


Genome: TypeAlias = Mapping[str, ContigCodes]
"""Contigs by name, of one genome or several."""


@runtime_checkable
class NamedGenomes(Protocol):
    """A ``Genome`` that knows which contig is of which genome."""

    def genome_of(self, chrom: str) -> str:
        """The genome's name, for a contig's."""
        ...


class LoadedGenomes(dict[str, Codes]):
    """Base codes of contigs by name; each FASTA file is a genome, called by the file's name without its suffixes."""

    def __init__(self) -> None:
        super().__init__()
        self._genome_of: dict[str, str] = {}

    def add(self, genome: str, chrom: str, codes: Codes) -> None:
        """Take up a contig."""
        self[chrom] = codes
        self._genome_of[chrom] = genome

    def genome_of(self, chrom: str) -> str:
        """The genome's name, for a contig's."""
        return self._genome_of[chrom]


class ContigPart:
    """A part of a contig that reads only what is asked of it, uint8 (L,)."""

    def __init__(self, contig: ContigCodes, start: int, end: int) -> None:
        self._contig = contig
        self._start = start
        self._length = end - start

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, places: slice, /) -> Codes:
        start, end = span_of(places, self._length)
        return self._contig[self._start + start : self._start + end]


def span_of(places: slice, length: int) -> tuple[int, int]:
    """Start and end of a slice of ``length`` bases, 0 <= start <= end <= length. Raises ValueError for a step."""
    start, end, step = places.indices(length)
    if step != 1:
        raise ValueError(f"a contig is sliced base by base, not in steps of {step}")
    return start, max(start, end)


def stem_of(path: str | Path) -> str:
    """A file's name without its directory, its compression suffix and the suffix of its format."""
    name = Path(path).name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return Path(name).stem


def genome_of(genome: Genome, chrom: str) -> str:
    """The name of the genome that a contig is of; the empty text where only one is known, without a name."""
    return genome.genome_of(chrom) if isinstance(genome, NamedGenomes) else ""


def part_of(contig: ContigCodes, start: int, end: int) -> ContigCodes:
    """Bases ``[start, end)`` of a contig, without copying or reading them."""
    if isinstance(contig, np.ndarray):
        return contig[start:end]
    return contig if (start, end) == (0, len(contig)) else ContigPart(contig, start, end)


def pieces_of(codes: ContigCodes, piece_bp: int) -> Iterator[Codes]:
    """A sequence in pieces of ``piece_bp``, the last one shorter, each uint8 (n,)."""
    for start in range(0, len(codes), piece_bp):
        yield codes[start : start + piece_bp]


_REMEDY = "rename one of them, or pack the files with 'dna-mamba data pack': contigs of a store are genome:contig"


def load_genomes(paths: Iterable[str | Path]) -> LoadedGenomes:
    """Base codes of every contig of one or more FASTA files, in order: uint8 (L,), soft-mask bits kept.

    Raises:
        InputError: a file cannot be read, or two files hold a contig of the same name.
    """
    genome = LoadedGenomes()
    for path in paths:
        with FastaReader(path) as reader:
            for chrom, _ in reader.contigs:
                if chrom in genome:
                    raise InputError(f"contig {chrom!r} appears twice", place=path, remedy=_REMEDY)
                genome.add(stem_of(path), chrom, reader.codes(chrom))
    return genome
