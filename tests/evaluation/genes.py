"""A genome of one spliced gene and its mirror image, worked out by hand."""

from pathlib import Path
from typing import NamedTuple

from dna_mamba.alphabet import reverse_complement
from tests.worlds import random_sequence, write_fasta

EXON_1, INTRON, EXON_2 = "ATGTGGAAAC", "GTAAGTTTTTAG", "GATACTGTTATCGCATAA"
"""Spliced: ATG TGG AAA CGA TAC TGT TAT CGC ATA A; the last codon is cut short."""
GENE = EXON_1 + INTRON + EXON_2
LEFT, RIGHT = 5, 7
"""Bases before and after the gene on chr1."""

Row = tuple[str, int, int, str, int, str]
"""Contig, 0-based start, end, strand, phase, transcript."""


class World(NamedTuple):
    """Files of a genome and of its genes."""

    genome: Path
    genes: Path


def gff(rows: list[Row]) -> str:
    return "##gff-version 3\n" + "".join(
        f"{chrom}\ttest\tCDS\t{start + 1}\t{end}\t.\t{strand}\t{phase}\tID=c;Parent={parent}\n"
        for chrom, start, end, strand, phase, parent in rows
    )


def forward_rows(chrom: str = "chr1", parent: str = "m1") -> list[Row]:
    first = LEFT + len(EXON_1)
    second = first + len(INTRON)
    return [(chrom, LEFT, first, "+", 0, parent), (chrom, second, second + len(EXON_2), "+", 2, parent)]


def mirrored(rows: list[Row], length: int) -> list[Row]:
    return [(chrom, length - b, length - a, "-", phase, parent) for chrom, a, b, _, phase, parent in rows]


def write_world(directory: Path) -> World:
    """One spliced gene on chr1, its mirror image on chr2, and chr3 without a gene."""
    chr1 = "C" * LEFT + GENE + "G" * RIGHT
    contigs = {"chr1": chr1, "chr2": reverse_complement(chr1), "chr3": random_sequence(400, 5)}
    genome = write_fasta(directory / "genome.fa", contigs)
    rows = forward_rows() + mirrored(forward_rows("chr2", "m2"), len(chr1))
    (directory / "genes.gff3").write_text(gff(rows))
    return World(genome, directory / "genes.gff3")
