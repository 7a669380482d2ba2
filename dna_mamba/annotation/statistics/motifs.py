"""Signals around sites: letters at fixed places, and a motif at a varying distance before them.

The motif is found by expectation maximisation with at most one occurrence a site (Bailey & Elkan 1994, Proc. ISMB
2:28), from the word that is most enriched before the sites. Bases are uint8, 4 an unknown letter, which says nothing.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes

_PSEUDO = 4.0
_ROUNDS = 30
_LEAST_SHARE, _MOST_SHARE = 0.02, 0.98


class PositionWeights(NamedTuple):
    """``nats`` float64 (W, 5): log-odds of a letter at each place, from ``first`` counted from the site."""

    first: int
    nats: NDArray[np.float64]

    def at(self, bases: Codes, sites: NDArray[np.int64]) -> NDArray[np.float64]:
        """The sum of each site, (n,)."""
        letters = windows(bases, sites, self.first, len(self.nats))
        found: NDArray[np.float64] = self.nats[np.arange(len(self.nats)), letters].sum(axis=1)
        return found


class SpacedMotif(NamedTuple):
    """A motif before a site.

    ``nats`` (W, 5) log-odds of its letters against those around it; ``share`` of sites that have it; ``spacing`` (S,)
    shares of how many bases are between its last one and the site, the first for ``least`` of them.
    """

    nats: NDArray[np.float64]
    share: float
    least: int
    spacing: NDArray[np.float64]

    def at(self, bases: Codes, sites: NDArray[np.int64]) -> NDArray[np.float64]:
        """Log-odds of what stands before each site, (n,): log(1 - share + share sum_d spacing_d exp(nats_d))."""
        odds = np.exp(_motif_nats(bases, sites, self.nats, self.least, len(self.spacing)))
        found: NDArray[np.float64] = np.log(1 - self.share + self.share * (odds @ self.spacing))
        return found

    @property
    def consensus(self) -> str:
        """Its most likely letters."""
        return "".join("ACGT"[letter] for letter in self.nats[:, :4].argmax(axis=1))


def windows(bases: Codes, sites: NDArray[np.int64], first: int, width: int) -> NDArray[np.uint8]:
    """Letters (n, width) from ``first`` before or after each site; 4 off the ends."""
    places = sites[:, None] + np.arange(first, first + width)
    inside = (places >= 0) & (places < len(bases))
    return np.where(inside, bases[np.where(inside, places, 0)], N_CODE).astype(np.uint8)


def position_weights(own: NDArray[np.uint8], others: NDArray[np.uint8], first: int) -> PositionWeights:
    """Log-odds of the letters (n, W) around true sites against those around others."""
    nats = np.log(_shares(own)) - np.log(_shares(others))
    return PositionWeights(first, np.pad(nats, ((0, 0), (0, 1))))


def _shares(letters: NDArray[np.uint8]) -> NDArray[np.float64]:
    counts = np.stack([(letters == base).sum(axis=0) for base in range(4)], axis=1)
    overall = (counts.sum(axis=0) + 1.0) / (counts.sum() + 4.0)
    shares: NDArray[np.float64] = (counts + _PSEUDO * overall) / (counts.sum(axis=1, keepdims=True) + _PSEUDO)
    return shares


def find_motif(own: NDArray[np.uint8], others: NDArray[np.uint8], width: int, least: int) -> SpacedMotif:
    """The motif before true sites.

    Args:
        own: letters (n, S + width - 1) before true sites, the last of them ``least`` bases before the site.
        others: letters (m, S + width - 1) before other sites.
        width: of the motif.
        least: bases between the motif and the site, at the least.
    """
    around = np.log(np.append(_letter_shares(own), 1.0))
    words_NSW = np.lib.stride_tricks.sliding_window_view(own, width, axis=1)
    n_spacings = words_NSW.shape[1]
    start = _enriched_word(words_NSW, np.lib.stride_tricks.sliding_window_view(others, width, axis=1))
    letters = np.where(np.arange(4) == start[:, None], 0.7, 0.1)
    share, spacing = 0.3, np.full(n_spacings, 1 / n_spacings)
    one_hot = np.eye(5)[words_NSW][..., :4]
    nats = np.zeros((width, 5))
    for _ in range(_ROUNDS):
        nats = np.pad(np.log(letters) - around[:4], ((0, 0), (0, 1)))
        odds_NS = share * spacing * np.exp(nats[np.arange(width), words_NSW].sum(axis=2))
        belongs_NS = odds_NS / (1 - share + odds_NS.sum(axis=1, keepdims=True))
        total = belongs_NS.sum()
        share = float(np.clip(total / max(1, len(own)), _LEAST_SHARE, _MOST_SHARE))
        spacing = (belongs_NS.sum(axis=0) + 1.0) / (total + n_spacings)
        letters = np.einsum("ns,nswb->wb", belongs_NS, one_hot) + _PSEUDO * np.exp(around[:4])
        letters /= letters.sum(axis=1, keepdims=True)
    return SpacedMotif(nats, share, least, spacing[::-1].copy())


def _letter_shares(letters: NDArray[np.uint8]) -> NDArray[np.float64]:
    counts = np.bincount(letters.ravel(), minlength=5)[:4] + 1.0
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares


def _enriched_word(own_NSW: NDArray[np.uint8], others_NSW: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The letters of the word that stands before more of the true sites than others would make one expect."""
    width = own_NSW.shape[2]
    expected = _word_counts(others_NSW) + 1.0
    observed = _word_counts(own_NSW)
    expected *= max(1.0, float(observed.sum())) / expected.sum()
    best = int(((observed - expected) / np.sqrt(expected + 1.0)).argmax())
    return best // 4 ** np.arange(width - 1, -1, -1) % 4


def _word_counts(words_NSW: NDArray[np.uint8]) -> NDArray[np.float64]:
    width = words_NSW.shape[2]
    known = (words_NSW < N_CODE).all(axis=2)
    numbers = words_NSW[known].astype(np.int64) @ 4 ** np.arange(width - 1, -1, -1)
    return np.bincount(numbers, minlength=4**width).astype(np.float64)


def _motif_nats(
    bases: Codes, sites: NDArray[np.int64], nats: NDArray[np.float64], least: int, n_spacings: int
) -> NDArray[np.float64]:
    """Of each site the motif's log-odds at each distance, (n, S), the nearest first."""
    width = len(nats)
    before = width + least + n_spacings - 1
    padded = np.concatenate([np.full(before, N_CODE, np.uint8), bases, np.full(width, N_CODE, np.uint8)])
    along = np.zeros(len(padded) - width + 1)
    for place in range(width):
        along += nats[place][padded[place : place + len(along)]]
    begins = sites[:, None] + before - least - width - np.arange(n_spacings)
    found: NDArray[np.float64] = along[begins]
    return found
