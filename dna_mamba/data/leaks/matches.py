"""Matches: shared k-mers of one strand, in line on nearly one diagonal and not far from each other."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.data.leaks.seeds import SeedPairs
from dna_mamba.data.leaks.settings import Seeding


class Matches(NamedTuple):
    """Stretches of held-out sequence that stand in training, in joint coordinates; n of them, half-open."""

    held_start: NDArray[np.int64]
    held_end: NDArray[np.int64]
    training_start: NDArray[np.int64]
    training_end: NDArray[np.int64]
    reverse: NDArray[np.bool_]
    """Whether they stand there on the opposite strand."""
    n_seeds: NDArray[np.int64]
    """K-mers shared, at different places of the held-out sequence."""

    @classmethod
    def none(cls, n_places: int = 0) -> "Matches":
        """Room for ``n_places`` of them, all zero."""
        start, end, first, last, n_seeds = (np.zeros(n_places, dtype=np.int64) for _ in range(5))
        return cls(start, end, first, last, np.zeros(n_places, dtype=bool), n_seeds)

    def pick(self, chosen: NDArray[np.bool_]) -> "Matches":
        """Some of them."""
        start, end, first, last, reverse, n_seeds = self
        return Matches(
            start[chosen], end[chosen], first[chosen], last[chosen], reverse[chosen], n_seeds[chosen]
        )


def match(pairs: SeedPairs, seeding: Seeding) -> Matches:
    """Put shared k-mers together.

    On one strand training minus held-out coordinates stay the same along a match, on opposite strands their sum does;
    insertions and deletions move them. Bands of diagonals overlap by half, so that a match on the edge of one is found
    whole in the next; most matches are therefore found twice.
    """
    diagonal = pairs.training + np.where(pairs.reverse, pairs.held, -pairs.held)
    bands = (np.floor_divide(diagonal + shift, seeding.band_bp) for shift in (0, seeding.band_bp // 2))
    one, other = (_match(pairs, band, seeding) for band in bands)
    return Matches(
        np.concatenate((one.held_start, other.held_start)),
        np.concatenate((one.held_end, other.held_end)),
        np.concatenate((one.training_start, other.training_start)),
        np.concatenate((one.training_end, other.training_end)),
        np.concatenate((one.reverse, other.reverse)),
        np.concatenate((one.n_seeds, other.n_seeds)),
    )


def _match(pairs: SeedPairs, band: NDArray[np.int64], seeding: Seeding) -> Matches:
    """Shared k-mers of one strand and band, each not far from the one before."""
    order = np.lexsort((pairs.held, band, pairs.reverse))
    held, training = pairs.held[order], pairs.training[order]
    reverse, band = pairs.reverse[order], band[order]
    breaks = (np.diff(held) > seeding.gap_bp) | (np.diff(band) != 0) | (np.diff(reverse.view(np.int8)) != 0)
    first = np.concatenate((np.zeros(min(1, len(held)), dtype=np.int64), np.flatnonzero(breaks) + 1))
    last = np.concatenate((first[1:], [len(held)]))[: len(first)] - 1
    steps = np.concatenate(([0], np.cumsum(np.diff(held) > 0)))
    found = Matches(
        held[first],
        held[last] + seeding.k,
        np.minimum.reduceat(training, first) if len(first) else training,
        (np.maximum.reduceat(training, first) if len(first) else training) + seeding.k,
        reverse[first],
        steps[last] - steps[first] + 1,
    )
    long_enough = found.held_end - found.held_start >= seeding.span_bp
    return found.pick(long_enough & (found.n_seeds >= seeding.n_seeds))
