"""Genes without introns: every open reading frame with its possible starts, and the best set of them.

A candidate runs from a start codon to the next stop in its frame, so it holds none; its score is the evidence of its
bases, the start codon's share and the price of a gene. Candidates may overlap a little, as ATGA does in operons; of
all sets, dynamic programming finds the best (as Hyatt et al. 2010, BMC Bioinformatics 11:119, on scores of ours).
"""

from bisect import bisect_left, bisect_right
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.annotation.codons import CodonSignals, codons_at
from dna_mamba.annotation.evidence import StrandEvidence
from dna_mamba.annotation.options import DecoderOptions

_STARTS_KEPT = 8
"""Starts of a reading frame that may become its gene's: enough to resolve overlaps, few enough to be quick."""


class Candidates(NamedTuple):
    """Possible genes of one strand, read in its direction: ``start`` and ``end`` int64 (n,), half-open; ``score``."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    score: NDArray[np.float64]

    def turned(self, length: int) -> "Candidates":
        """The same places counted from the other end."""
        return Candidates(length - self.end, length - self.start, self.score)


def candidates_of(evidence: StrandEvidence, signals: CodonSignals, options: DecoderOptions) -> Candidates:
    """Reading frames of a strand that score above nothing, each with its best starts."""
    codons = codons_at(evidence.bases)
    found = [_of_frame(codons, evidence, frame, signals, options) for frame in range(3)]
    return Candidates(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


def _of_frame(
    codons: NDArray[np.uint8], evidence: StrandEvidence, frame: int, signals: CodonSignals, options: DecoderOptions
) -> Candidates:
    here = codons[frame::3]
    stops = np.flatnonzero(signals.is_stop[here])
    start_nats = evidence.starts[frame::3]
    starts = np.flatnonzero(start_nats > -np.inf)
    nearest = np.searchsorted(stops, starts)
    starts, nearest = starts[nearest < len(stops)], nearest[nearest < len(stops)]
    start, end = starts * 3 + frame, stops[nearest] * 3 + frame + 3
    summed = evidence.coding[frame]
    score = summed[end] - summed[start] + options.start_weight * start_nats[starts] - options.gene_nats
    kept = np.flatnonzero((score > 0) & (end - start >= options.shortest_bp))
    kept = kept[_best_of_each(end[kept], score[kept])]
    return Candidates(start[kept], end[kept], score[kept])


def _best_of_each(end: NDArray[np.int64], score: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the best ``_STARTS_KEPT`` of each end."""
    order = np.lexsort((-score, end))
    ends = end[order]
    rank = np.arange(len(ends)) - np.searchsorted(ends, ends)
    return np.asarray(order[rank < _STARTS_KEPT], dtype=np.int64)


class _Chain(NamedTuple):
    """The best set of genes of which this candidate is the last."""

    total: float
    before: int


def best_set(candidates: Candidates, options: DecoderOptions) -> NDArray[np.int64]:
    """Indices of the candidates, by end, that together score most, where neighbours overlap at most as allowed.

    Of both strands together: ``candidates`` are in coordinates of the + strand.
    """
    order = np.lexsort((candidates.start, candidates.end))
    starts, ends, scores = (column[order].tolist() for column in candidates)
    chains: list[_Chain] = []
    best_until: list[int] = []  # of the candidates up to here, the one whose set scores most
    for index, score in enumerate(scores):
        before = _best_before(index, starts, ends, chains, best_until, options.overlap_bp)
        chains.append(_Chain(score + (chains[before].total if before >= 0 else 0.0), before))
        leader = best_until[-1] if best_until else index
        best_until.append(index if chains[index].total > chains[leader].total else leader)
    taken: list[int] = []
    at = best_until[-1] if best_until else -1
    while at >= 0:
        taken.append(int(order[at]))
        at = chains[at].before
    return np.array(taken[::-1], dtype=np.int64)


def _best_before(
    index: int, starts: list[int], ends: list[int], chains: list[_Chain], best_until: list[int], overlap_bp: int
) -> int:
    """The candidate before it of most total: one that ends where it begins, or overlaps it a little; -1 for none."""
    start, end = starts[index], ends[index]
    apart = bisect_right(ends, start, 0, index)
    best = best_until[apart - 1] if apart else -1
    for other in range(apart, bisect_left(ends, start + overlap_bp + 1, apart, index)):
        is_better = best < 0 or chains[other].total > chains[best].total
        if is_better and starts[other] < start and ends[other] < end:
            best = other
    return best
