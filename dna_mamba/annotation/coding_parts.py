"""The coding parts of transcripts, as two annotations of a genome can be compared: stop codons always included."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dna_mamba.alphabet import Codes
from dna_mamba.annotation.stops import with_stop_codon
from dna_mamba.io.gff.transcripts import ExonSpan, Transcript


class CodingTranscript(NamedTuple):
    """The coding part of a transcript: ``spans`` ascending, 0-based half-open, stop codon included."""

    chrom: str
    strand: str
    spans: tuple[ExonSpan, ...]

    @property
    def introns(self) -> tuple[ExonSpan, ...]:
        """Between its spans."""
        return tuple((left[1], right[0]) for left, right in pairwise(self.spans))

    @property
    def first(self) -> int:
        """The base with which its CDS begins."""
        return self.spans[0][0] if self.strand == "+" else self.spans[-1][1] - 1

    @property
    def last(self) -> int:
        """The base with which its CDS ends."""
        return self.spans[-1][1] - 1 if self.strand == "+" else self.spans[0][0]


def coding_parts(
    transcripts: Iterable[Transcript], chrom: str, bases: Codes, code: int
) -> list[CodingTranscript]:
    """The coding transcripts of a contig, each place once."""
    parts = {_coding_part(item, bases, code) for item in transcripts if item.cds and item.chrom == chrom}
    return sorted(parts)


def _coding_part(item: Transcript, bases: Codes, code: int) -> CodingTranscript:
    spans = _joined((row.start, row.end) for row in item.cds)
    positions = np.concatenate([np.arange(*span) for span in spans])
    in_order = positions if item.strand == "+" else positions[::-1]
    if len(with_stop_codon(in_order[-3:], item.strand, bases, code)) > 3:
        if item.strand == "+":
            spans[-1] = (spans[-1][0], spans[-1][1] + 3)
        else:
            spans[0] = (spans[0][0] - 3, spans[0][1])
    return CodingTranscript(item.chrom, item.strand, tuple(spans))


def _joined(spans: Iterable[ExonSpan]) -> list[ExonSpan]:
    """Ascending, touching and overlapping ones (frameshifts) made one."""
    joined: list[ExonSpan] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
