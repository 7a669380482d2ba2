"""Where introns of a genome begin and end: letters around both sites, and the branch point before the second.

Log-odds of the sites of confident introns against other GT and AG of the genome (position weights: Staden 1984, Nucleic
Acids Res. 12:505). The two letters themselves are required by the decoder and say nothing here.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import BASES, Codes
from dna_mamba.annotation.statistics.motifs import PositionWeights, SpacedMotif, find_motif, position_weights, windows

_DONOR = (-3, 6)
_ACCEPTOR = (-14, 2)
_BRANCH_BP, _BRANCH_LEAST, _BRANCH_MOST = 7, 6, 50
_MOST_OTHERS = 20_000


class SpliceSites(NamedTuple):
    """What the first bases of introns look like, and the last with their branch point."""

    donor: PositionWeights
    acceptor: PositionWeights
    branch: SpacedMotif

    def donors(self, bases: Codes, sites: NDArray[np.int64]) -> NDArray[np.float64]:
        """Log-odds of introns that begin with the base at each site, (n,)."""
        return self.donor.at(bases, sites)

    def acceptors(self, bases: Codes, sites: NDArray[np.int64]) -> NDArray[np.float64]:
        """Log-odds of introns that end before each site, (n,)."""
        return self.acceptor.at(bases, sites) + self.branch.at(bases, sites)


class SpliceLetters:
    """Letters around the ends of confident introns, and around other GT and AG."""

    def __init__(self) -> None:
        self.n_introns = 0
        self._own: list[list[NDArray[np.uint8]]] = [[], []]
        self._others: list[list[NDArray[np.uint8]]] = [[], []]

    def add(self, bases: Codes, introns: Sequence[tuple[int, int]]) -> None:
        """Introns of one strand, 0-based half-open; ``bases`` (L,) are those of the strand in its direction."""
        own = np.array(introns, dtype=np.int64).reshape(-1, 2)
        own = own[np.isin(own[:, 0], pair_offsets(bases, "GT"))]
        self.n_introns += len(own)
        every = (pair_offsets(bases, "GT"), pair_offsets(bases, "AG") + 2)
        for side, sites in enumerate(every):
            others = np.setdiff1d(sites, own[:, side])
            step = 1 + len(others) // _MOST_OTHERS
            self._own[side].append(_windows(bases, own[:, side], side))
            self._others[side].append(_windows(bases, others[::step], side))

    def sites(self) -> SpliceSites:
        """What has been seen, as log-odds."""
        (donors, acceptors), (no_donors, no_acceptors) = (
            [np.concatenate(side) for side in both] for both in (self._own, self._others)
        )
        width = _BRANCH_MOST - _BRANCH_LEAST
        near = slice(_BRANCH_MOST + _ACCEPTOR[0], None)
        return SpliceSites(
            position_weights(donors, no_donors, _DONOR[0]),
            position_weights(acceptors[:, near], no_acceptors[:, near], _ACCEPTOR[0]),
            find_motif(acceptors[:, :width], no_acceptors[:, :width], _BRANCH_BP, _BRANCH_LEAST),
        )


def _windows(bases: Codes, sites: NDArray[np.int64], side: int) -> NDArray[np.uint8]:
    first, end = _DONOR if side == 0 else (-_BRANCH_MOST, _ACCEPTOR[1])
    return windows(bases, sites, first, end - first)


def pair_offsets(bases: Codes, letters: str) -> NDArray[np.int64]:
    """Where two letters stand."""
    first, second = (BASES.index(letter) for letter in letters)
    return np.flatnonzero((bases[:-1] == first) & (bases[1:] == second))
