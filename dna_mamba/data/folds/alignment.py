"""Edits between many pairs of rows at once: on one diagonal, or in a band around it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes

_BASES_AT_A_TIME = 1 << 22
_WIDEST_BAND = 64
_SEPARATOR = np.full(1, N_CODE, dtype=np.uint8)


class JoinedRows(NamedTuple):
    """The bases of g rows in one array, an N after each."""

    bases: Codes
    starts: NDArray[np.int64]
    """Offset of each row's first base, int64 (g,)."""
    lengths: NDArray[np.int64]
    """Bases of each row, int64 (g,)."""

    @classmethod
    def of(cls, sequences: Sequence[Codes]) -> Self:
        lengths = np.array([len(codes) for codes in sequences], dtype=np.int64)
        joined = [part for codes in sequences for part in (codes, _SEPARATOR)]
        return cls(np.concatenate(joined or [_SEPARATOR]), np.cumsum(lengths + 1) - lengths - 1, lengths)

    def owner(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The row of each offset, int64 (m,)."""
        return np.searchsorted(self.starts, positions, side="right") - 1


class LaidPairs(NamedTuple):
    """m pairs of rows laid on each other."""

    query: NDArray[np.int64]
    """The shorter row, int64 (m,)."""
    target: NDArray[np.int64]
    """The longer row, int64 (m,)."""
    reverse: NDArray[np.bool_]
    """Whether the query is laid on as its reverse complement, bool (m,)."""
    shift: NDArray[np.int64]
    """Offset in the target of the query's first base, int64 (m,); may reach past either end."""

    def take(self, rows: NDArray[np.int64] | slice) -> Self:
        """Some of them."""
        return type(self)(self.query[rows], self.target[rows], self.reverse[rows], self.shift[rows])

    def unique(self) -> tuple[Self, NDArray[np.int64]]:
        """Each once; and how often a pair came on the same strand, whatever the shift, int64 (m,)."""
        if not len(self.query):
            return self, np.zeros(0, dtype=np.int64)
        order = np.lexsort((self.shift, self.reverse, self.target, self.query))
        ordered = self.take(order)
        is_new = np.zeros(len(order), dtype=bool)
        is_new[0] = True
        for values in (ordered.query, ordered.target, ordered.reverse):
            is_new[1:] |= values[1:] != values[:-1]
        pair = np.cumsum(is_new) - 1
        is_new[1:] |= ordered.shift[1:] != ordered.shift[:-1]
        kept = np.flatnonzero(is_new)
        return ordered.take(kept), np.bincount(pair)[pair[kept]]


def edits_ungapped(rows: JoinedRows, candidates: LaidPairs) -> NDArray[np.int64]:
    """Bases of the query that are not what stands in the target, int64 (m,); N, and what reaches past it, differ."""
    edits = np.zeros(len(candidates.query), dtype=np.int64)
    for part in _parts(rows.lengths[candidates.query]):
        some = candidates.take(part)
        lengths = rows.lengths[some.query]
        ends = np.cumsum(lengths)
        pair = np.repeat(np.arange(len(lengths)), lengths)
        along = np.arange(int(ends[-1])) - np.repeat(ends - lengths, lengths)
        differs = _query_bases(rows, some, pair, along) != _target_bases(rows, some, pair, along + some.shift[pair])
        edits[part] = np.add.reduceat(differs, ends - lengths, dtype=np.int64)
    return edits


def edits_gapped(rows: JoinedRows, candidates: LaidPairs, most_edits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Fewest edits that turn the query into a part of the target, int64 (m,), diagonals at most 64 from the shift.

    Sellers 1980, *The theory and computation of evolutionary distances*, in a band of ``most_edits`` (g,) diagonals on
    either side; base by base of the query, all pairs at once.
    """
    edits = np.zeros(len(candidates.query), dtype=np.int64)
    order = np.argsort(rows.lengths[candidates.query], kind="stable")
    bands = np.minimum(most_edits[candidates.query[order]], _WIDEST_BAND)
    for part in _parts(rows.lengths[candidates.query[order]]):
        some = order[part]
        edits[some] = _banded(rows, candidates.take(some), int(bands[part].max()))
    return edits


def _banded(rows: JoinedRows, some: LaidPairs, band: int) -> NDArray[np.int64]:
    """Costs of the best ways to each diagonal, a base of the query after the other; pairs that are done stay as is."""
    lengths = rows.lengths[some.query]
    longest, n_pairs, width = int(lengths.max()), len(lengths), 2 * band + 1
    pair = np.repeat(np.arange(n_pairs), longest)
    along = np.minimum(np.tile(np.arange(longest), n_pairs), lengths[pair] - 1)
    queries = _query_bases(rows, some, pair, along).reshape(n_pairs, longest)
    pair = np.repeat(np.arange(n_pairs), longest + width)
    along = some.shift[pair] - band + np.tile(np.arange(longest + width), n_pairs)
    targets = _target_bases(rows, some, pair, along).reshape(n_pairs, longest + width)
    diagonals = np.arange(width, dtype=np.int16)
    cost = np.zeros((n_pairs, width), dtype=np.int16)
    for at in range(longest):
        best = cost + (queries[:, at, None] != targets[:, at : at + width])
        np.minimum(best[:, :-1], cost[:, 1:] + 1, out=best[:, :-1])
        best = np.minimum.accumulate(best - diagonals, axis=1) + diagonals
        going = at < lengths
        cost = best if going.all() else np.where(going[:, None], best, cost)
    return np.asarray(cost.min(1), dtype=np.int64)


def _query_bases(
    rows: JoinedRows, some: LaidPairs, pair: NDArray[np.int64], along: NDArray[np.int64]
) -> NDArray[np.int16]:
    """Bases of queries on the strand that is laid on; -1, which equals nothing, for N."""
    query, reverse = some.query[pair], some.reverse[pair]
    at = np.where(reverse, rows.lengths[query] - 1 - along, along)
    bases = rows.bases[rows.starts[query] + at].astype(np.int16)
    return np.where(bases == N_CODE, np.int16(-1), np.where(reverse, 3 - bases, bases))


def _target_bases(
    rows: JoinedRows, some: LaidPairs, pair: NDArray[np.int64], along: NDArray[np.int64]
) -> NDArray[np.int16]:
    """Bases of targets, N past their ends."""
    target = some.target[pair]
    outside = (along < 0) | (along >= rows.lengths[target])
    bases = rows.bases[rows.starts[target] + np.where(outside, 0, along)].astype(np.int16)
    return np.where(outside, np.int16(N_CODE), bases)


def _parts(lengths: NDArray[np.int64]) -> Iterator[slice]:
    """Stretches of pairs that hold about ``_BASES_AT_A_TIME`` bases."""
    if not len(lengths):
        return
    number = np.cumsum(lengths) // _BASES_AT_A_TIME
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(lengths)]
    yield from (slice(start, end) for start, end in pairwise(edges))
