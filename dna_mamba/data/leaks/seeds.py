"""K-mers that held-out and training sequence share, as pairs of places on one strand or on opposite ones."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.data.sketches import Hashes, Kmers

_MOST_HELD, _MOST_TRAINING = 64, 1024
"""Places of a k-mer in held-out and training sequence above which it is a repeat: found, but not paired."""
_MOST_PAIRS = 1 << 22


class SeedPairs(NamedTuple):
    """K-mers that stand in both, n of them."""

    held: NDArray[np.int64]
    """Joint coordinates of their first bases in held-out sequence, int64 (n,)."""
    training: NDArray[np.int64]
    """The same in training."""
    reverse: NDArray[np.bool_]
    """Whether they stand on opposite strands, bool (n,)."""


class SeedIndex:
    """K-mers of held-out sequence, to be looked up by those of training.

    A k-mer at more than 64 places here, or at more than 1,024 of what was looked up, is a repeat: it is only marked as
    found, so that time and memory stay in proportion to the sequence.
    """

    def __init__(self, kmers: Kmers, scaled: int) -> None:
        order = np.argsort(kmers.hashes, kind="stable")
        self._positions = kmers.positions[order]
        self._reverse = kmers.reverse[order]
        self._keys, self._first, self._counts = np.unique(kmers.hashes[order], return_index=True, return_counts=True)
        self._looked_up = np.zeros(len(self._keys), dtype=np.int32)
        self._is_repeat = self._counts > _MOST_HELD
        self._scaled = np.uint64(scaled)
        bits = max(10, int(8 * len(self._keys)).bit_length())
        self._shift = np.uint64(64 - bits)
        self._filter = np.zeros(1 << bits, dtype=bool)
        self._filter[self._slot(self._keys)] = True

    def __len__(self) -> int:
        return len(self._keys)

    def _slot(self, hashes: Hashes) -> NDArray[np.uint64]:
        """Kept hashes lie in the lowest part of all: stretched over the filter, which wraps around at worst."""
        return (hashes * self._scaled) >> self._shift

    def look_up(self, kmers: Kmers) -> tuple[list[SeedPairs], NDArray[np.int64]]:
        """Pairs in parts of some million, and the joint coordinates of training k-mers that are repeats here."""
        at = np.flatnonzero(self._filter[self._slot(kmers.hashes)])
        hashes = kmers.hashes[at]
        keys = np.minimum(np.searchsorted(self._keys, hashes), len(self._keys) - 1)
        right = self._keys[keys] == hashes if len(self._keys) else np.zeros(0, dtype=bool)
        at, keys = at[right], keys[right]
        np.add.at(self._looked_up, keys, 1)
        self._is_repeat[keys] |= self._looked_up[keys] > _MOST_TRAINING
        repeats = self._is_repeat[keys]
        positions = kmers.positions[at]
        return self._pairs(keys[~repeats], positions[~repeats], kmers.reverse[at[~repeats]]), positions[repeats]

    def _pairs(
        self, keys: NDArray[np.int64], positions: NDArray[np.int64], reverse: NDArray[np.bool_]
    ) -> list[SeedPairs]:
        counts = self._counts[keys]
        parts = np.cumsum(counts) // _MOST_PAIRS
        pairs = []
        for part in np.unique(parts):
            some = np.flatnonzero(parts == part)
            n_each = counts[some]
            source = np.repeat(some, n_each)
            rank = np.arange(len(source)) - np.repeat(np.cumsum(n_each) - n_each, n_each)
            held = self._first[keys[source]] + rank
            pairs.append(SeedPairs(self._positions[held], positions[source], self._reverse[held] ^ reverse[source]))
        return pairs

    def repeats_found(self) -> NDArray[np.int64]:
        """Joint coordinates of held-out k-mers that are repeats and stand in what was looked up, int64 (n,)."""
        chosen = np.repeat(self._is_repeat & (self._looked_up > 0), self._counts)
        return self._positions[chosen]
