"""Rows that are the same sequence, its reverse complement, or nearly either: found once, asked fold by fold.

Two rows are near duplicates where the shorter one stands in the longer, on either strand, with at most one base in 20
replaced, or, with insertions and deletions, at most one edit in 20 bases and edits. Of e edits one of e + 1 separate
pieces of the shorter one is left whole: candidates are the rows that hold such a piece (the pigeonhole principle;
Baeza-Yates & Perleberg 1996).
"""

import hashlib
from collections.abc import Sequence
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, bases_of, reverse_complement_codes
from dna_mamba.data.folds.alignment import JoinedRows, LaidPairs, edits_gapped, edits_ungapped
from dna_mamba.data.sketches import Kmers, SharedKmers, kmers_of

LeakKind = Literal["exact", "reverse-complement", "near", "related"]
COPIES: tuple[LeakKind, ...] = ("exact", "reverse-complement", "near")
LEAK_KINDS: tuple[LeakKind, ...] = (*COPIES, "related")
NEAR_IDENTITY = 0.95
RELATED_SHARE = 0.5
"""Of k-mers: rows that overlap by half and more, or are copies of about 95 % identity all along."""
_K, _SHORT_K, _SHORT_BP = 15, 11, 100
_MOST_PAIRS = 1 << 30
_PIECES_BP = (9, 13, 17)
_MOST_HITS = 50
"""Rows looked at for each piece, spread evenly over those that hold it."""
_ROWS_AT_A_TIME = 4096
_MOST_GAPPED = 8
"""LaidPairs of a row that are aligned with gaps, those with most bases in common first."""
_LIKELY = 0.5


class AlikeRows(NamedTuple):
    """n rows by the sequence that they hold; g different ones, a sequence and its reverse complement being one."""

    group: NDArray[np.int64]
    """Number of each row's sequence, int64 (n,)."""
    reverse: NDArray[np.bool_]
    """Whether the row is the reverse complement of the one that stands for its sequence, bool (n,)."""
    near: NDArray[np.int64]
    """Pairs of sequences that are near duplicates, int64 (p, 2), each pair once, ascending."""
    identity: NDArray[np.float64]
    """Of each pair, 1 - bases replaced / bases of the shorter one, or 1 - edits / (bases + edits), (p,)."""
    related: NDArray[np.int64]
    """Pairs of rows that share half of their k-mers, int64 (q, 2); none where there are too many to count."""
    shared: NDArray[np.float64]
    """Of each of these pairs, the share of the k-mers of the row with fewer, (q,)."""
    looked_for: tuple[LeakKind, ...]
    """Kinds of likeness that were looked for."""
    notes: tuple[str, ...]
    """What was not looked at."""


def alike_rows(
    sequences: Sequence[Codes], others: Sequence[Codes] | None = None, identity: float = NEAR_IDENTITY
) -> AlikeRows:
    """Which rows are alike; soft-masking plays no part.

    Args:
        sequences: base codes, uint8 (L,) each, n of them.
        others: a second sequence of each row, as of a variant; rows are then alike where both are, to the base, and
            near duplicates are not looked for, as windows of neighbouring variants overlap by nature.
        identity: of near duplicates, at least.
    """
    group, reverse, first = _same(sequences, others)
    none = np.zeros((0, 2), dtype=np.int64)
    if others is not None:
        note = "near duplicates of variants are not looked for: windows of neighbours overlap (--group chrom)"
        return AlikeRows(group, reverse, none, np.zeros(0), none, np.zeros(0), LEAK_KINDS[:2], (note,))
    joined = JoinedRows.of([bases_of(sequences[row]) for row in first])
    pairs, found, n_many = _near(joined, 1 - identity)
    notes = []
    if n_many:
        what = f"{n_many:,} pieces are common to very many rows, of which {_MOST_HITS} were looked at"
        notes.append(f"{what}: there may be more near duplicates (--folds homology keeps families together)")
    kmers = SharedKmers(sequences, family_k(joined.lengths))
    if kmers.n_pairs > _MOST_PAIRS:
        notes.append("rows that share half of their k-mers are not looked for: most of them share some")
        return AlikeRows(group, reverse, pairs, found, none, np.zeros(0), COPIES, tuple(notes))
    related = list(kmers.related(RELATED_SHARE))
    rows = np.concatenate([none, *(np.stack(parts[:2], axis=1) for parts in related)])
    shared = np.concatenate([parts[2] for parts in related])
    return AlikeRows(group, reverse, pairs, found, rows, shared, LEAK_KINDS, tuple(notes))


def family_k(lengths: NDArray[np.int64]) -> int:
    """Bases of the k-mers that relatives share: 15, or 11 where half of the rows are shorter than 100 bp."""
    return _K if np.median(lengths) >= _SHORT_BP else _SHORT_K


def _same(
    sequences: Sequence[Codes], others: Sequence[Codes] | None
) -> tuple[NDArray[np.int64], NDArray[np.bool_], list[int]]:
    """Number and direction of each row's sequence, and the first row of each."""
    number: dict[bytes, int] = {}
    first: list[int] = []
    group = np.empty(len(sequences), dtype=np.int64)
    reverse = np.zeros(len(sequences), dtype=bool)
    directions: list[bytes] = []
    for row, codes in enumerate(sequences):
        parts = [bases_of(codes)] if others is None else [bases_of(codes), bases_of(others[row])]
        forward = _digest(parts)
        key = min(forward, _digest([reverse_complement_codes(part) for part in parts]))
        if key not in number:
            number[key] = len(first)
            first.append(row)
            directions.append(forward)
        group[row] = number[key]
        reverse[row] = directions[number[key]] != forward
    return group, reverse, first


def _digest(parts: list[Codes]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part.tobytes())
    return digest.digest()


def _near(rows: JoinedRows, share: float) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """Pairs of rows that differ by edits at up to ``share`` of the shorter one's bases, and how alike they are."""
    most_edits = (share / (1 - share) * rows.lengths + 1e-9).astype(np.int64)
    piece_bp = rows.lengths // (most_edits + 1)
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    n_many = 0
    for number, k in enumerate(_PIECES_BP):
        longer = _PIECES_BP[number + 1] if number + 1 < len(_PIECES_BP) else np.inf
        queries = np.flatnonzero((most_edits > 0) & (piece_bp >= k) & (piece_bp < longer))
        if len(queries):
            pieces = _Pieces.of(rows, k)
            for some in np.array_split(queries, -(-len(queries) // _ROWS_AT_A_TIME)):
                candidates, n_more = pieces.candidates(rows, some, most_edits)
                n_many += n_more
                parts.append(_verified(rows, candidates, most_edits, share))
    if not parts:
        return np.zeros((0, 2), dtype=np.int64), np.zeros(0), 0
    query, target, identity = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    pairs = np.sort(np.stack([query, target], axis=1), axis=1)
    order = np.lexsort((-identity, pairs[:, 1], pairs[:, 0]))
    pairs, identity = pairs[order], identity[order]
    is_first = np.concatenate(([True], (np.diff(pairs, axis=0) != 0).any(1)))[: len(pairs)]
    return pairs[is_first], identity[is_first], n_many


class _Pieces(NamedTuple):
    """Every k-mer of the rows, and how they are found by hash."""

    k: int
    kmers: Kmers
    owner: NDArray[np.int64]
    """The row of each, int64 (m,)."""
    order: NDArray[np.int64]
    """Their numbers by ascending hash, int64 (m,)."""
    ordered: NDArray[np.uint64]
    """Hashes in that order, (m,)."""

    @classmethod
    def of(cls, rows: JoinedRows, k: int) -> Self:
        kmers = kmers_of(rows.bases, k)
        order = np.argsort(kmers.hashes, kind="stable")
        return cls(k, kmers, rows.owner(kmers.positions), order, kmers.hashes[order])

    def candidates(
        self, rows: JoinedRows, queries: NDArray[np.int64], most_edits: NDArray[np.int64]
    ) -> tuple[LaidPairs, int]:
        """Where a row, at least as long, holds a piece of a query; and how many pieces had more such than looked at."""
        first, last = np.searchsorted(self.owner, (queries[0], queries[-1] + 1))
        owner, offset = self.owner[first:last], self.kmers.positions[first:last]
        offset = offset - rows.starts[owner]
        is_query = np.isin(owner, queries) & (offset % self.k == 0) & (offset < (most_edits[owner] + 1) * self.k)
        seed, hit, n_many = self._hits(np.flatnonzero(is_query) + first)
        query, target = self.owner[seed], self.owner[hit]
        reverse = self.kmers.reverse[seed] != self.kmers.reverse[hit]
        length = rows.lengths[query]
        before = self.kmers.positions[seed] - rows.starts[query]
        before = np.where(reverse, length - before - self.k, before)
        shift = self.kmers.positions[hit] - rows.starts[target] - before
        most = most_edits[query]
        fits = (query != target) & (length <= rows.lengths[target])
        fits &= (shift >= -most) & (shift <= rows.lengths[target] - length + most)
        return LaidPairs(query, target, reverse, shift).take(np.flatnonzero(fits)), n_many

    def _hits(self, at: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        """Pairs of a k-mer of ``at`` and an equal one, at most ``_MOST_HITS`` each; and how many had more."""
        low = np.searchsorted(self.ordered, self.kmers.hashes[at], side="left")
        n_equal = np.searchsorted(self.ordered, self.kmers.hashes[at], side="right") - low
        n_taken = np.minimum(n_equal, _MOST_HITS)
        which = np.repeat(np.arange(len(at)), n_taken)
        rank = np.arange(len(which)) - np.repeat(np.cumsum(n_taken) - n_taken, n_taken)
        place = low[which] + rank * n_equal[which] // n_taken[which]
        return at[which], self.order[place], int((n_equal > _MOST_HITS).sum())


def _verified(
    rows: JoinedRows, candidates: LaidPairs, most_edits: NDArray[np.int64], share: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The candidates that are near duplicates: shorter row, longer row, identity; a pair may come several times."""
    found, n_seeds = candidates.unique()
    edits = edits_ungapped(rows, found)
    lengths = rows.lengths[found.query]
    identity = 1 - edits / lengths
    is_near = edits <= share * lengths + 1e-9
    rest = np.flatnonzero(~is_near & ((n_seeds > 1) | (edits < (1 - _LIKELY) * lengths)))
    rest = rest[np.lexsort((edits[rest], found.query[rest]))]
    starts = np.searchsorted(found.query[rest], found.query[rest], side="left")
    rest = rest[np.arange(len(rest)) - starts < _MOST_GAPPED]
    gapped = edits_gapped(rows, found.take(rest), most_edits)
    also = rest[gapped <= most_edits[found.query[rest]]]
    identity[rest] = 1 - gapped / (lengths[rest] + gapped)
    chosen = np.concatenate([np.flatnonzero(is_near), also])
    return found.query[chosen], found.target[chosen], identity[chosen]
