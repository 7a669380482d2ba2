"""Genomes held in memory as one byte a base pair."""

from collections.abc import Iterable
from pathlib import Path

from dna_mamba.alphabet import Codes
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader


def load_genomes(paths: Iterable[str | Path]) -> dict[str, Codes]:
    """Base codes of every contig of one or more FASTA files, in order: uint8 (L,), soft-mask bits kept.

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
