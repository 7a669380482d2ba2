"""Sketches of sequences: canonical k-mers, hashed, of which one in so many is kept; both strands alike.

A k-mer and its reverse complement are one. The kept share is chosen by the hash alone (FracMinHash, Irber et al. 2022,
*Lightweight compositional analysis of metagenomes with FracMinHash and minimum metagenome covers*; scaled MinHash in
sourmash), so that sketches of any two sequences can be compared. The hash is the finaliser of SplitMix64 (Steele et
al. 2014), which maps 64 bits to 64 bits one to one: equal hashes are equal k-mers.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from dna_mamba.alphabet import N_CODE, Codes, bases_of

MOST_K = 31
_BLOCK = 1 << 15
"""Positions at a time, so that what is computed on stays in the processor's cache."""
_MOST_PAIRS = 1 << 24
"""Shared k-mers counted at a time."""
_FIRST_MIX, _SECOND_MIX = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

Hashes = NDArray[np.uint64]
"""Hashes of canonical k-mers, (n,)."""


class Kmers(NamedTuple):
    """The kept k-mers of a sequence, in order of position; n of them."""

    hashes: Hashes
    """uint64 (n,)."""
    positions: NDArray[np.int64]
    """0-based offset of the first base, int64 (n,)."""
    reverse: NDArray[np.bool_]
    """Whether the reverse complement is the canonical one, bool (n,)."""


def kmers_of(codes: Codes, k: int, scaled: int = 1) -> Kmers:
    """Canonical k-mers of a sequence, those with an N or another ambiguous base left out.

    Args:
        codes: base codes, uint8 (L,); soft-mask bits are ignored.
        k: bases, odd (no k-mer is its own reverse complement) and at most ``MOST_K``.
        scaled: one k-mer in so many is kept, by its hash; 1 keeps all.
    """
    check_k(k)
    blocks = [_block(codes, start, k, scaled) for start in range(0, max(1, len(codes) - k + 1), _BLOCK)]
    return Kmers(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def check_k(k: int) -> None:
    """Raises ValueError: not an odd number of bases up to ``MOST_K``."""
    if not (0 < k <= MOST_K and k % 2):
        raise ValueError(f"k must be odd and at most {MOST_K}, not {k}")


def sketch_of(codes: Codes, k: int, scaled: int = 1) -> Hashes:
    """The kept k-mers of a sequence, each once: hashes, uint64 (n,), ascending."""
    return np.unique(kmers_of(codes, k, scaled).hashes)


def containment(one: Hashes, other: Hashes) -> float:
    """The share of one sketch that stands in the other; 0 for an empty one.

    Where the sequences are ``identity`` alike without gaps it is about ``identity ** k`` (Ondov et al. 2016, Mash).
    """
    return len(np.intersect1d(one, other, assume_unique=True)) / len(one) if len(one) else 0.0


def _block(codes: Codes, start: int, k: int, scaled: int) -> tuple[Hashes, NDArray[np.int64], NDArray[np.bool_]]:
    bases = bases_of(codes[start : start + _BLOCK + k - 1])
    known = bases < N_CODE
    all_known = bool(known.all())
    forward, backward = _both_strands((bases if all_known else bases * known).astype(np.uint64), k)
    hashes = mix(np.minimum(forward, backward))
    kept: NDArray[np.bool_] | None = None
    if scaled > 1:
        kept = hashes < np.uint64((1 << 64) // scaled)
    if not all_known:
        n_known = np.concatenate(([0], np.cumsum(known)))
        clean = n_known[k:] - n_known[:-k] == k if len(bases) >= k else np.zeros(0, dtype=bool)
        kept = clean if kept is None else kept & clean
    if kept is None:
        return hashes, np.arange(start, start + len(hashes)), backward < forward
    at = np.flatnonzero(kept)
    return hashes[at], at + start, (backward < forward)[at]


def _both_strands(bases: Hashes, k: int) -> tuple[Hashes, Hashes]:
    """Each k-mer as a number of 2 k bits, read forwards and as its reverse complement, put together by doubling."""
    n_kmers = max(0, len(bases) - k + 1)
    forward, backward = bases, np.uint64(3) - bases
    whole, mirrored = np.zeros(n_kmers, dtype=np.uint64), np.zeros(n_kmers, dtype=np.uint64)
    width, done = 1, 0
    while True:
        if k & width:
            part = slice(done, done + n_kmers)
            whole = (whole << np.uint64(2 * width)) | forward[part]
            mirrored |= backward[part] << np.uint64(2 * done)
            done += width
        if done == k:
            return whole, mirrored
        bits = np.uint64(2 * width)
        forward = (forward[:-width] << bits) | forward[width:]
        backward = backward[:-width] | (backward[width:] << bits)
        width *= 2


def mix(values: Hashes) -> Hashes:
    """The finaliser of SplitMix64, uint64 (n,) to uint64 (n,), one to one."""
    mixed = values ^ (values >> np.uint64(30))
    mixed *= _FIRST_MIX
    mixed ^= mixed >> np.uint64(27)
    mixed *= _SECOND_MIX
    mixed ^= mixed >> np.uint64(31)
    return mixed


class SharedKmers:
    """Which k-mers each of n sequences holds, on either strand: what they share is counted from it.

    Args:
        sequences: base codes, uint8 (L,) each; short ones, as every k-mer is kept.
        k: bases, odd.

    Attributes:
        sizes: k-mers of each sequence, int64 (n,).
        n_pairs: pairs of equal k-mers in two sequences or one: what ``related`` counts through.
    """

    def __init__(self, sequences: Iterable[Codes], k: int) -> None:
        sketches = [sketch_of(codes, k) for codes in sequences]
        self.sizes = np.array([len(sketch) for sketch in sketches], dtype=np.int64)
        kmers, number = np.unique(np.concatenate([np.zeros(0, dtype=np.uint64), *sketches]), return_inverse=True)
        ends = np.concatenate(([0], np.cumsum(self.sizes)))
        ones = np.ones(len(number), dtype=np.int32)
        self._holds = csr_array((ones, number.reshape(-1), ends), shape=(len(sketches), max(1, len(kmers))))
        self._held_by = self._holds.T.tocsr()
        self._pairs_of = self._holds @ np.diff(self._held_by.indptr).astype(np.int64)
        self.n_pairs = int(self._pairs_of.sum())

    def related(self, share: float) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
        """Pairs of sequences, the first before the second, and the share of k-mers that they have in common.

        That is, of the k-mers of the one with fewer; those with ``share`` or more come, some first sequences at a time.
        """
        parts = np.cumsum(self._pairs_of) // _MOST_PAIRS
        edges = [0, *(np.flatnonzero(np.diff(parts)) + 1).tolist(), len(self.sizes)]
        for start, end in pairwise(edges):
            shared = (self._holds[start:end] @ self._held_by).tocoo()
            one, other = shared.coords[0].astype(np.int64) + start, shared.coords[1].astype(np.int64)
            shares = shared.data / np.minimum(self.sizes[one], self.sizes[other])
            enough = (one < other) & (shares >= share)
            yield one[enough], other[enough], shares[enough]


def families(sequences: Iterable[Codes], k: int = 15, share: float = 0.5) -> NDArray[np.int64]:
    """Number of the family that each sequence is of, int64 (n,): families are 0, 1, ... in order of their first one.

    Two sequences are related where ``share`` or more of the k-mers of the one with fewer stand in the other, on either
    strand; families are what is related directly or through others (single linkage). One without a k-mer is a family
    of its own. Splits that keep families together do not test on copies of what they train on.

    Args:
        sequences: base codes, uint8 (L,) each; short ones, as every k-mer is kept.
        k: bases, odd.
        share: of the k-mers, above 0 and at most 1. Copies of identity p share about p ** k.
    """
    kmers = SharedKmers(sequences, k)
    labels = np.arange(len(kmers.sizes))
    for first, second, _ in kmers.related(share):
        labels = _joined(labels, labels[first], labels[second])
    _, first_ones, number = np.unique(labels, return_index=True, return_inverse=True)
    ranks = np.empty(len(first_ones), dtype=np.int64)
    ranks[np.argsort(first_ones)] = np.arange(len(first_ones))
    return ranks[number.reshape(-1)]


def _joined(labels: NDArray[np.int64], one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels (n,) after those of each pair became one."""
    apart = one != other
    if not apart.any():
        return labels
    pairs = coo_array((np.ones(int(apart.sum()), dtype=bool), (one[apart], other[apart])), shape=(len(labels),) * 2)
    number: NDArray[np.int64] = connected_components(pairs, directed=False)[1].astype(np.int64)
    return number[labels]
