"""How much the head's answers are worth on a genome: its errors at neighbouring bases are not independent.

Sums over stretches of confident genes and of sequence without genes are two clouds in two dimensions, what the head
says and the coding potential. The weight is that of the head in the linear discriminant of both (Fisher 1936, Ann.
Eugen. 7:179), so a head that errs over long stretches counts for little, and one that is always right for much.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_STRETCH_BP = 384
_STEP_BP = 24
_LEAST_STRETCHES = 30


class StretchSums:
    """Sums of the head's log-odds and of coding potential over stretches with genes and without."""

    def __init__(self) -> None:
        self._with: list[NDArray[np.float64]] = []
        self._without: list[NDArray[np.float64]] = []

    def add(
        self,
        head: NDArray[np.float64],
        potential: NDArray[np.float64],
        positions: Sequence[NDArray[np.int64]],
        is_gene: NDArray[np.bool_],
    ) -> None:
        """One strand, read in its direction.

        Args:
            head: sums of its log-odds before each offset, (3, L + 1), a row a frame.
            potential: the same of coding potential.
            positions: of each confident gene, in reading order.
            is_gene: whether a base belongs to a gene of either strand, (L,).
        """
        both = np.stack([head, potential])
        begins, frames = _inside(positions)
        self._with.append(_sums(both, begins, frames))
        n_gene = np.concatenate([[0], np.cumsum(is_gene)])
        free = np.arange(0, len(is_gene) - _STRETCH_BP + 1, _STEP_BP)
        free = free[n_gene[free + _STRETCH_BP] == n_gene[free]]
        self._without += [_sums(both, free, np.full_like(free, frame)) for frame in range(3)]

    def weight(self, most: float) -> float:
        """Of the head's log-odds where coding potential has weight 1; between 0 and ``most``, which few data give."""
        coding, other = np.concatenate(self._with), np.concatenate(self._without)
        if min(len(coding), len(other)) < _LEAST_STRETCHES:
            return most
        spread = (np.cov(coding.T) + np.cov(other.T)) / 2 + 1e-6 * np.eye(2)
        direction = np.linalg.solve(spread, coding.mean(axis=0) - other.mean(axis=0))
        return float(np.clip(direction[0], 0.0, most))


def _inside(positions: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where stretches of genes that no intron interrupts begin, and the frames of their codons."""
    begins, frames = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for own in positions:
        at = np.arange(0, len(own) - _STRETCH_BP + 1, _STRETCH_BP)
        at = at[own[at + _STRETCH_BP - 1] - own[at] == _STRETCH_BP - 1]
        begins.append(own[at])
        frames.append((own[at] - at) % 3)
    return np.concatenate(begins), np.concatenate(frames)


def _sums(
    both: NDArray[np.float64], begins: NDArray[np.int64], frames: NDArray[np.int64]
) -> NDArray[np.float64]:
    found: NDArray[np.float64] = (both[:, frames, begins + _STRETCH_BP] - both[:, frames, begins]).T
    return found
