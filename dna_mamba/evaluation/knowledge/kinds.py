"""Kinds of sequence: what every base of a contig is, by its annotation and its soft-mask."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, SOFT_MASK, Codes, bases_of
from dna_mamba.annotation.codons import PROKARYOTIC_CODES
from dna_mamba.annotation.fitting import FittedAnnotation
from dna_mamba.io.gff.rows import CodingSequence
from dna_mamba.io.gff.transcripts import MRNA, NCRNA, PSEUDOGENE, RRNA, TRNA, Transcript

INTERGENIC, CODING_1, INTRON, UTR, OTHER = 0, 1, 4, 5, 10
_OF_RNA = {TRNA: 6, RRNA: 7, NCRNA: 8, PSEUDOGENE: 9}
KINDS = {
    "coding, codon position 1": CODING_1,
    "coding, codon position 2": CODING_1 + 1,
    "coding, codon position 3": CODING_1 + 2,
    "intron": INTRON,
    "UTR": UTR,
    "tRNA": 6,
    "rRNA": 7,
    "other ncRNA": 8,
    "pseudogene": 9,
    "intergenic": INTERGENIC,
}
EVERYTHING, REPEAT = "everything", "repeat"


class PaintedContig(NamedTuple):
    """What each base of a contig is, (L,) each.

    ``kind`` uint8, a value of ``KINDS`` or ``OTHER``; ``strand`` int8, 1 or -1 where coding, else 0; ``gene`` int32,
    the coding sequence's index, else -1; ``is_repeat`` and ``is_known`` bool, the latter where the base is A, C, G, T.
    """

    kind: NDArray[np.uint8]
    strand: NDArray[np.int8]
    gene: NDArray[np.int32]
    is_repeat: NDArray[np.bool_]
    is_known: NDArray[np.bool_]

    def mask(self, name: str) -> NDArray[np.bool_]:
        """Where a kind is, by its name in ``KINDS``, ``EVERYTHING`` or ``REPEAT``; known bases alone."""
        if name == EVERYTHING:
            return self.is_known
        here = self.is_repeat if name == REPEAT else self.kind == KINDS[name]
        return here & self.is_known


def paint(chrom: str, codes: Codes, annotation: FittedAnnotation) -> PaintedContig:
    """The kinds of a contig of which these are the base codes with soft-mask bits, uint8 (L,).

    A base takes the first that holds of: coding in two genes (``OTHER``), coding, tRNA, rRNA, pseudogene, other
    ncRNA, exon of an mRNA outside its CDS (UTR, but ``OTHER`` for a stop codon apart from the CDS), intron (``OTHER``
    in genetic codes of bacteria), intergenic. A repeat is soft-masked or annotated, whatever else it is.
    """
    here = [item for item in annotation.transcripts if item.chrom == chrom]
    kind = np.full(len(codes), INTERGENIC, dtype=np.uint8)
    gap = OTHER if annotation.genetic_code in PROKARYOTIC_CODES else INTRON
    for item in here:
        _paint_spans(kind, item.introns, gap)
    for item in here:
        if item.kind == MRNA:
            _paint_spans(kind, item.exons, UTR)
            _paint_stop(kind, item)
    for name in (NCRNA, PSEUDOGENE, RRNA, TRNA):
        for item in here:
            if item.kind == name:
                _paint_spans(kind, item.exons, _OF_RNA[name])
    strand, gene = _paint_coding(kind, here, annotation.coding.sequences, chrom)
    is_repeat = (codes & SOFT_MASK) != 0
    for _, start, end in (item for item in annotation.repeats if item[0] == chrom):
        is_repeat[start:end] = True
    return PaintedContig(kind, strand, gene, is_repeat, bases_of(codes) < N_CODE)


def _paint_spans(kind: NDArray[np.uint8], spans: Iterable[tuple[int, int]], value: int) -> None:
    for start, end in spans:
        kind[start:end] = value


def _paint_stop(kind: NDArray[np.uint8], item: Transcript) -> None:
    """Three bases after the CDS: in GTF the stop codon, elsewhere the first of the UTR."""
    if item.cds:
        first = item.cds[-1].end if item.strand == "+" else item.cds[0].start - 3
        kind[max(0, first) : first + 3] = OTHER


def _paint_coding(
    kind: NDArray[np.uint8], here: Iterable[Transcript], sequences: Iterable[CodingSequence], chrom: str
) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """Codon positions of the coding sequences that were taken, over what other transcripts of their genes have."""
    for item in here:
        _paint_spans(kind, ((row.start, row.end) for row in item.cds), OTHER)
    depth = np.zeros(len(kind), dtype=np.int16)
    strand = np.zeros(len(kind), dtype=np.int8)
    gene = np.full(len(kind), -1, dtype=np.int32)
    for index, sequence in enumerate(sequences):
        if sequence.chrom == chrom:
            positions = sequence.positions
            kind[positions] = CODING_1 + np.arange(len(positions)) % 3
            strand[positions] = 1 if sequence.strand == "+" else -1
            gene[positions] = index
            depth[positions] += 1
    twice = depth > 1
    kind[twice], strand[twice], gene[twice] = OTHER, 0, -1
    return strand, gene
