"""Genomes and places on them as callers give them, and the letters that stand there."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from dna_mamba.alphabet import reverse_complement
from dna_mamba.genome import Interval, Strand
from dna_mamba.io.fasta import FastaReader, FastaRecord
from dna_mamba.io.regions import parse_region, place_region


def as_reference(reference: FastaReader | str | Path) -> FastaReader:
    """The reader itself, or one opened on a path. Raises InputError if the file cannot be used."""
    return FastaReader(reference) if isinstance(reference, str | Path) else reference


def as_regions(regions: Iterable[Interval | str], reference: FastaReader) -> tuple[Interval, ...]:
    """Places on the genome under its names of contigs, notation parsed. Raises InputError for one that is not on it."""
    lengths = dict(reference.contigs)
    return tuple(
        parse_region(region, lengths) if isinstance(region, str) else place_region(region, lengths, reference.path)
        for region in regions
    )


def whole_contigs(reference: FastaReader) -> list[Interval]:
    """Every contig that holds a base, from end to end."""
    return [Interval(chrom, 0, length) for chrom, length in reference.contigs if length]


def by_contig(regions: Iterable[Interval]) -> dict[str, list[Interval]]:
    """Places by the contig that they lie on, those of one contig in the order given."""
    placed: dict[str, list[Interval]] = {}
    for region in regions:
        placed.setdefault(region.chrom, []).append(region)
    return placed


def region_sequences(reference: FastaReader, regions: Iterable[Interval]) -> Iterator[FastaRecord]:
    """Letters of each region, in order; those of strand ``-`` are reverse-complemented.

    A record's name is that of the region or, where it has none, its place in region notation, ``chr:start-end`` with
    1-based inclusive positions.
    """
    for region in regions:
        letters = reference.fetch(region.chrom, region.start, region.end)
        if region.strand is Strand.REVERSE:
            letters = reverse_complement(letters.decode("ascii")).encode("ascii")
        yield FastaRecord(str(region) if region.name == "." else region.name, "", letters)


def contig_sequences(reference: FastaReader) -> Iterator[FastaRecord]:
    """Every contig of a genome, whole."""
    for contig in reference.contigs:
        yield FastaRecord(contig.chrom, "", reference.fetch(contig.chrom))
