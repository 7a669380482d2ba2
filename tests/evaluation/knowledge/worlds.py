"""A small genome with genes on both strands, introns, an RNA and repeats, and its annotation."""

import random
from pathlib import Path
from typing import NamedTuple

from dna_mamba.alphabet import reverse_complement
from tests.worlds import random_sequence, write_fasta

GENE_BP, INTRON_BP, GAP_BP = 150, 66, 60
STOPS = ("TAA", "TAG", "TGA")


class SmallGenome(NamedTuple):
    """Files of a genome and its annotation; ``contigs`` are the letters."""

    genome: Path
    annotation: Path
    contigs: dict[str, str]


def coding(n_codons: int, generator: random.Random) -> str:
    """ATG, codons that are not stops and rich in G at first and T at second positions, a stop."""
    inner = ""
    while len(inner) < 3 * (n_codons - 2):
        codon = generator.choice("GGGA") + generator.choice("TTTC") + generator.choice("ACGT")
        inner += "" if codon in STOPS else codon
    return "ATG" + inner + "TAA"


def write_small_genome(directory: Path, n_genes: int = 12, name: str = "chr") -> SmallGenome:
    """Two contigs of spliced genes, in turn on both strands, and a tRNA; a third contig without annotation."""
    contigs, lines = {}, ["##gff-version 3"]
    for number in (1, 2):
        generator = random.Random(number)
        chrom, text = f"{name}{number}", random_sequence(GAP_BP, number).lower()
        for gene in range(n_genes):
            whole = coding(GENE_BP // 3, generator)
            intron = "GTATGT" + random_sequence(INTRON_BP - 16, gene) + "TACTAACCAG"
            spliced = whole[:40] + intron + whole[40:]
            strand = "+-"[gene % 2]
            start = len(text)
            text += spliced if strand == "+" else reverse_complement(spliced)
            lines += _rows(chrom, f"{chrom}.g{gene}", start, len(spliced), strand)
            text += random_sequence(GAP_BP, 100 * number + gene)
        lines.append(f"{chrom}\tt\ttRNA\t{len(text) + 1}\t{len(text) + 40}\t.\t+\t.\tID={chrom}.t")
        contigs[chrom] = text + random_sequence(100, 7 + number)
    contigs[f"{name}3"] = random_sequence(4000, 3)
    annotation = directory / "genes.gff3"
    annotation.write_text("\n".join(lines) + "\n")
    return SmallGenome(write_fasta(directory / "small.fa", contigs), annotation, contigs)


def _rows(chrom: str, gene: str, start: int, length: int, strand: str) -> list[str]:
    parts = [(0, 40, 0), (40 + INTRON_BP, length, 2)]
    rows = [f"{chrom}\tt\tmRNA\t{start + 1}\t{start + length}\t.\t{strand}\t.\tID={gene}.m;Parent={gene}"]
    for first, last, phase in parts:
        a, b = (start + first, start + last) if strand == "+" else (start + length - last, start + length - first)
        for kind, column in (("exon", "."), ("CDS", str(phase))):
            rows.append(f"{chrom}\tt\t{kind}\t{a + 1}\t{b}\t.\t{strand}\t{column}\tID={gene}.{kind};Parent={gene}.m")
    return rows
