"""Regions of a genome as sequences, read on the strand they lie on."""

from collections.abc import Iterable, Iterator

from dna_mamba.alphabet import reverse_complement
from dna_mamba.genome import Interval, Strand
from dna_mamba.io.fasta import FastaReader, FastaRecord


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
