"""Predicted genes as GFF3 (specification 1.26): gene, mRNA, exon and CDS rows, sorted, with phases and unique IDs.

A CDS has its stop codon, as the specification asks. IDs are made of contig and number, so that the parts of a genome
can be written apart and joined.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

from dna_mamba.genome import Contig
from dna_mamba.io.gff.transcripts import ExonSpan

SOURCE = "dna-mamba"
GFF3_SUFFIXES = (".gff3", ".gff", ".gff3.gz", ".gff.gz")
_COLUMN_SAFE = "".join(chr(code) for code in range(33, 127) if chr(code) not in "%>&,;=")


class PredictedGene(NamedTuple):
    """A gene of one transcript: ``spans`` of its CDS, 0-based half-open and ascending, the stop codon included.

    ``score`` is the log-odds of the gene against none, in nats.
    """

    chrom: str
    strand: str
    spans: tuple[ExonSpan, ...]
    score: float

    @property
    def start(self) -> int:
        """0-based offset of its leftmost base."""
        return self.spans[0][0]

    @property
    def end(self) -> int:
        """0-based offset past its rightmost base."""
        return self.spans[-1][1]


def gff3_header(contigs: Iterable[Contig]) -> Iterator[str]:
    """The version and a line for each contig that has a base: a region begins with base 1."""
    yield "##gff-version 3"
    for chrom, length in contigs:
        if length:
            yield f"##sequence-region {_seqid(chrom)} 1 {length}"


def gff3_rows(genes: Iterable[PredictedGene]) -> Iterator[str]:
    """Rows of one contig's genes, by start, numbered from 1."""
    for number, gene in enumerate(sorted(genes, key=lambda gene: (gene.start, -gene.end, gene.strand)), 1):
        yield from _gene_rows(gene, number)


def phases(spans: Sequence[ExonSpan], strand: str) -> list[int]:
    """Of each span, ascending, the bases that belong to the codon begun in the span read before."""
    found, joined = [], 0
    for start, end in spans if strand == "+" else list(spans)[::-1]:
        found.append(-joined % 3)
        joined += end - start
    return found if strand == "+" else found[::-1]


def _gene_rows(gene: PredictedGene, number: int) -> Iterator[str]:
    name = f"{_attribute(gene.chrom)}.g{number}"
    transcript = f"{name}.t1"
    score = f"{gene.score:.2f}"

    def row(kind: str, start: int, end: int, phase: str, attributes: str) -> str:
        place = f"{start + 1}\t{end}\t{score}\t{gene.strand}\t{phase}"
        return f"{_seqid(gene.chrom)}\t{SOURCE}\t{kind}\t{place}\t{attributes}"

    yield row("gene", gene.start, gene.end, ".", f"ID={name};gene_biotype=protein_coding")
    yield row("mRNA", gene.start, gene.end, ".", f"ID={transcript};Parent={name}")
    for order, (start, end) in enumerate(gene.spans, 1):
        yield row("exon", start, end, ".", f"ID={transcript}.exon{order};Parent={transcript}")
    for (start, end), phase in zip(gene.spans, phases(gene.spans, gene.strand), strict=True):
        yield row("CDS", start, end, str(phase), f"ID={transcript}.cds;Parent={transcript}")


def _seqid(chrom: str) -> str:
    """A contig's name in column 1, other characters than the specification allows percent-encoded."""
    return quote(chrom, safe=".:^*$@!+_?-|", errors="surrogateescape")


def _attribute(text: str) -> str:
    return quote(text, safe=_COLUMN_SAFE, errors="surrogateescape")
