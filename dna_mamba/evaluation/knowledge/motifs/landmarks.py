"""Where genes begin and end, are spliced and transcribed: places that motifs are aligned at, on held-out sequence."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, bases_of, decode_bases, reverse_complement_codes
from dna_mamba.annotation.fitting import FittedAnnotation
from dna_mamba.genome import Interval
from dna_mamba.io.gff.rows import CodingSequence
from dna_mamba.io.gff.transcripts import MRNA, Transcript
from dna_mamba.sequences.regions import by_contig

SHORTEST_INTRON_BP = 60
_STARTS = ("ATG", "GTG", "TTG")


class Landmark(NamedTuple):
    """A base of a contig, 0-based, and the strand of its gene, 1 or -1; offsets count in the gene's direction."""

    chrom: str
    position: int
    strand: int

    def at(self, offset: int) -> int:
        """The position ``offset`` bases downstream."""
        return self.position + self.strand * offset


class Landmarks(NamedTuple):
    """By what they are.

    ``start`` first base of the start codon; ``stop`` last base of the coding sequence; ``donor`` first base of an
    intron; ``acceptor`` first base after one; ``transcript_start`` and ``transcript_end`` first and last base of
    transcripts, empty where fewer than half of the genes are annotated beyond their coding sequence at that end.
    """

    start: list[Landmark]
    stop: list[Landmark]
    donor: list[Landmark]
    acceptor: list[Landmark]
    transcript_start: list[Landmark]
    transcript_end: list[Landmark]


def find_landmarks(annotation: FittedAnnotation, codes: Mapping[str, Codes], held_out: Sequence[Interval]) -> Landmarks:
    """All that lie on held-out places; ``codes`` are those of their contigs, uint8 (L,).

    A gene without a start codon is left out, as are introns below 60 bp.
    """
    genes = [gene for gene in annotation.coding.sequences if gene.chrom in codes and len(gene.positions)]
    spliced = [item for item in annotation.transcripts if item.kind == MRNA and item.chrom in codes]
    begun = [gene for gene in genes if _begins(gene, codes[gene.chrom])]
    begins, ends = zip(*(_transcript_ends(item) for item in spliced if item.cds), strict=True) if genes else ((), ())
    return Landmarks(
        start=_inside((_of(gene, 0) for gene in begun), held_out),
        stop=_inside((_of(gene, -1) for gene in genes), held_out),
        donor=_inside((mark for item in spliced for mark in _splice_sites(item, 0)), held_out),
        acceptor=_inside((mark for item in spliced for mark in _splice_sites(item, 1)), held_out),
        transcript_start=_inside(_if_annotated(begins), held_out),
        transcript_end=_inside(_if_annotated(ends), held_out),
    )


def sense_bases(codes: Codes, mark: Landmark, first: int, last: int) -> Codes | None:
    """Bases at offsets ``[first, last)`` of a landmark in the gene's direction; None where they leave the contig."""
    ends = sorted((mark.at(first), mark.at(last - 1)))
    if ends[0] < 0 or ends[1] >= len(codes):
        return None
    bases = bases_of(codes[ends[0] : ends[1] + 1])
    return bases if mark.strand > 0 else reverse_complement_codes(bases)


def _begins(gene: CodingSequence, codes: Codes) -> bool:
    bases = bases_of(codes[gene.positions[:3]])
    if gene.strand == "-":
        bases = reverse_complement_codes(bases)[::-1]
    return decode_bases(bases) in _STARTS


def _of(gene: CodingSequence, index: int) -> Landmark:
    return Landmark(gene.chrom, int(gene.positions[index]), 1 if gene.strand == "+" else -1)


def _splice_sites(item: Transcript, which: int) -> Iterator[Landmark]:
    """First bases of introns (0) or of what follows them (1), in the gene's direction."""
    for start, end in item.introns:
        if end - start >= SHORTEST_INTRON_BP:
            if item.strand == "+":
                yield Landmark(item.chrom, (start, end)[which], 1)
            elif item.strand == "-":
                yield Landmark(item.chrom, (end - 1, start - 1)[which], -1)


_End = tuple[Landmark, bool]
"""An end of a transcript, and whether it lies beyond the coding sequence and a stop codon."""


def _transcript_ends(item: Transcript) -> tuple[_End, _End]:
    left, right = item.start, item.end - 1
    is_beyond = (item.cds[0].start - left > 3, right + 1 - item.cds[-1].end > 3)
    strand = 1 if item.strand == "+" else -1
    first, last = (
        (Landmark(item.chrom, place, strand), beyond) for place, beyond in zip((left, right), is_beyond, strict=True)
    )
    return (first, last) if strand > 0 else (last, first)


def _if_annotated(ends: Iterable[_End]) -> Iterator[Landmark]:
    every = list(ends)
    beyond = [mark for mark, is_beyond in every if is_beyond]
    if 2 * len(beyond) > len(every):
        yield from beyond


def _inside(marks: Iterable[Landmark], held_out: Sequence[Interval]) -> list[Landmark]:
    """Each of those on held-out places once."""
    places = by_contig(held_out)
    return [
        mark
        for mark in dict.fromkeys(marks)
        if any(place.start <= mark.position < place.end for place in places.get(mark.chrom, ()))
    ]


def draw(marks: Sequence[Landmark], n: int, generator: np.random.Generator) -> list[Landmark]:
    """At most ``n`` of them, without replacement, in their order."""
    chosen: NDArray[np.int64] = np.sort(generator.choice(len(marks), min(n, len(marks)), replace=False))
    return [marks[i] for i in chosen]
