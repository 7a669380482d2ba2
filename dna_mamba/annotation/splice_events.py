"""What may happen in a contig to a spliced gene, from left to right, on either strand.

Genes of the - strand are met from their end: their stop codon begins them, the complement of an intron's AG begins the
intron, and a start codon's complement ends them. At one offset what ends comes before what begins.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import BASES
from dna_mamba.annotation.codons import UNKNOWN_CODON, CodonSignals, codons_at
from dna_mamba.annotation.evidence import StrandEvidence
from dna_mamba.annotation.options import DecoderOptions

STOP, CLOSE, LEAVE, ENTER, OPEN = range(5)
"""A stop codon ends here, a gene may end here, an intron may begin, an exon may begin, a gene may begin."""
_BLOCK = 1 << 20
_UNKNOWN_PAIR = 24


class Event(NamedTuple):
    """Something that may happen at offset ``at``.

    ``strand`` 0 for +, 1 for -; ``nats`` is what it costs or earns; ``frame`` that of the codons concerned.
    ``coding`` are the sums of evidence that it needs: of its frame, or of all three where an intron begins, and
    ``intron`` that of introns. Of an exon that begins, ``carried`` is how many bases of a codon came before the intron,
    ``beside`` the bases of that codon after it as a number to base 5, and ``begins`` where the exon does; ``at`` is
    past that codon. Of an intron that begins, ``beside`` are the two bases before it.
    """

    at: int
    kind: int
    strand: int
    frame: int
    nats: float
    coding: tuple[float, float, float]
    intron: float
    carried: int
    beside: int
    begins: int


class _Rows(NamedTuple):
    """Events of one kind and strand, (n,) each; ``coding`` (n, 3)."""

    at: NDArray[np.int64]
    kind: int
    strand: int
    frame: NDArray[np.int64]
    nats: NDArray[np.float64]
    carried: int
    beside: NDArray[np.int64]
    begins: NDArray[np.int64]


def splice_events(
    evidence: StrandEvidence, signals: CodonSignals, options: DecoderOptions, strand: int
) -> Iterator[list[Event]]:
    """The events of one strand by offset, some 100,000 offsets at a time, in the order in which they happen.

    ``evidence`` is in coordinates of the + strand, whatever the strand.
    """
    rows = [*_codon_rows(evidence, signals, strand), *_splice_rows(evidence, options, strand)]
    length = len(evidence.bases)
    for first in range(0, length + 1, _BLOCK):
        parts = [_events(row, evidence, first, min(first + _BLOCK, length + 1)) for row in rows]
        yield sorted((event for part in parts for event in part), key=lambda event: event[:2])


def _codon_rows(evidence: StrandEvidence, signals: CodonSignals, strand: int) -> list[_Rows]:
    codons = codons_at(evidence.bases)
    if strand:
        codons = _turned_codons()[codons]
    starts = np.flatnonzero(evidence.starts > -np.inf)
    stops = np.flatnonzero(signals.is_stop[codons])
    nats, nothing = evidence.starts[starts].astype(np.float64), np.zeros(len(stops))
    if strand:
        stop_rows = [_plain(stops, 0, OPEN, 1, nothing), _plain(stops, 3, STOP, 1, nothing)]
        return [*stop_rows, _plain(starts, 3, CLOSE, 1, nats)]
    return [_plain(starts, 0, OPEN, 0, nats), _plain(stops, 3, STOP, 0, nothing)]


def _plain(codon_at: NDArray[np.int64], past: int, kind: int, strand: int, nats: NDArray[np.float64]) -> _Rows:
    return _Rows(codon_at + past, kind, strand, codon_at % 3, nats, 0, np.zeros_like(codon_at), codon_at)


def _turned_codons() -> NDArray[np.uint8]:
    """The codon that the other strand has where this one has that of a number."""
    numbers = np.arange(UNKNOWN_CODON)
    turned = 16 * (3 - numbers % 4) + 4 * (3 - numbers // 4 % 4) + (3 - numbers // 16)
    return np.append(turned, UNKNOWN_CODON).astype(np.uint8)


def _splice_rows(evidence: StrandEvidence, options: DecoderOptions, strand: int) -> list[_Rows]:
    """Where introns may begin and end: GT or GC, and AG; on the - strand CT, and AC or GC."""
    bases = evidence.bases
    pairs = np.full(len(bases) + 1, _UNKNOWN_PAIR)
    pairs[: max(0, len(bases) - 1)] = 5 * bases[:-1].astype(np.int64) + bases[1:]
    donors = {_pair("AC" if strand else "GT"): 0.0, _pair("GC"): -options.gc_donor_nats}
    acceptors = {_pair("CT" if strand else "AG"): 0.0}
    lefts, rights = (acceptors, donors) if strand else (donors, acceptors)
    left, left_nats = _places(pairs, lefts)
    right, right_nats = _places(pairs, rights)
    if evidence.donors is not None and evidence.acceptors is not None:
        first, last = (evidence.acceptors, evidence.donors) if strand else (evidence.donors, evidence.acceptors)
        left_nats, right_nats = left_nats + first[left], right_nats + last[right + 2]
    padded = np.concatenate([bases, [4, 4]]).astype(np.int64)
    preceding = 5 * padded[left - 2] + padded[left - 1]
    leaves = _Rows(left, LEAVE, strand, left % 3, left_nats, 0, preceding, left)
    enters = right + 2
    following = {0: np.zeros_like(enters), 1: 5 * padded[enters] + padded[enters + 1], 2: padded[enters]}
    rows = [
        _Rows(enters + -carried % 3, ENTER, strand, (enters - carried) % 3, right_nats, carried, rest, enters)
        for carried, rest in following.items()
    ]
    return [leaves, *rows]


def _pair(letters: str) -> int:
    return 5 * BASES.index(letters[0]) + BASES.index(letters[1])


def _places(pairs: NDArray[np.int64], wanted: dict[int, float]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    costs = np.full(25, -np.inf)
    costs[list(wanted)] = list(wanted.values())
    nats = costs[pairs]
    found = np.flatnonzero(nats > -np.inf)
    return found, nats[found]


def _events(row: _Rows, evidence: StrandEvidence, first: int, end: int) -> Iterator[Event]:
    low, high = np.searchsorted(row.at, [first, end])
    at, begins, frame = row.at[low:high], row.begins[low:high], row.frame[low:high]
    measured = np.minimum(begins if row.kind in (ENTER, OPEN) else at, len(evidence.bases))
    if row.kind == LEAVE:
        coding = evidence.coding[:, measured].T.tolist()
    else:
        coding = [(value, 0.0, 0.0) for value in evidence.coding[frame, measured].tolist()]
    assert evidence.intron is not None
    columns = (frame.tolist(), row.nats[low:high].tolist(), coding, evidence.intron[measured].tolist())
    rest = (row.beside[low:high].tolist(), begins.tolist())
    for place, own_frame, nats, sums, intron, following, begin in zip(at.tolist(), *columns, *rest, strict=True):
        yield Event(place, row.kind, row.strand, own_frame, nats, sums, intron, row.carried, following, begin)
