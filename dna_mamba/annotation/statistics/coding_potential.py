"""Coding potential: how much more likely a base is at its place in a codon than anywhere in the genome.

Coding sequence is a Markov chain with a period of three (GENMARK: Borodovsky & McIninch 1993, Comput. Chem. 17:123),
here of order 5; it is compared with both strands of the whole genome, as Hyatt et al. 2010 (BMC Bioinformatics 11:119)
do, because genes that are missed would make a background of the sequence between genes look like genes. Counts of long
contexts are shrunk to those of shorter ones, so that few genes suffice.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes

_ORDER = 5
_WORDS = 4 ** (_ORDER + 1)
_SHRINKAGE = 16.0
"""Observations that a context's distribution in the next shorter one counts for."""
_MOST_NATS = 2.5


class CodingPotential(NamedTuple):
    """``nats`` float64 (3, 4097): log-odds of a word of six bases whose last is at a place of its codon.

    A word's number is that of its bases to base 4; the last column, 0, is for words with unknown letters.
    """

    nats: NDArray[np.float64]


def words_of(bases: Codes) -> NDArray[np.int16]:
    """The word of six bases that ends at each base, (L,): its number, 4096 at unknown letters and in the first five."""
    words = np.full(len(bases), _WORDS, dtype=np.int16)
    n = len(bases) - _ORDER
    if n <= 0:
        return words
    number, known = np.zeros(n, dtype=np.int16), np.ones(n, dtype=bool)
    for at in range(_ORDER + 1):
        letter = bases[at : at + n]
        known &= letter < N_CODE
        number = 4 * number + np.minimum(letter, N_CODE - 1)
    words[_ORDER:] = np.where(known, number, _WORDS)
    return words


class CodingWordCounts:
    """Words counted at the places of codons, and everywhere."""

    def __init__(self) -> None:
        self._coding = np.zeros((3, _WORDS + 1), dtype=np.int64)
        self._everywhere = np.zeros(_WORDS + 1, dtype=np.int64)

    def add(self, words: NDArray[np.int16], positions: Iterable[NDArray[np.int64]]) -> None:
        """One strand: its ``words`` (L,) and the positions of each of its genes in reading order."""
        self._everywhere += np.bincount(words, minlength=_WORDS + 1)
        for own in positions:
            for place in range(3):
                self._coding[place] += np.bincount(words[own[place::3]], minlength=_WORDS + 1)

    def potential(self) -> CodingPotential:
        """What has been counted, as log-odds."""
        everywhere = np.log(_conditional(self._everywhere[:_WORDS]))
        places = [np.log(_conditional(counts[:_WORDS])) - everywhere for counts in self._coding]
        nats = np.clip(np.stack(places), -_MOST_NATS, _MOST_NATS)
        return CodingPotential(np.concatenate([nats, np.zeros((3, 1))], axis=1))


def _conditional(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probability of the last base of each word after the others, (4096,): each order shrunk to the one below it."""
    probability = np.full((1, 4), 0.25)
    for order in range(_ORDER + 1):
        observed = counts.reshape(-1, 4**order, 4).sum(axis=0)
        below = probability if order == 0 else np.tile(probability, (4, 1))
        total = observed.sum(axis=1, keepdims=True)
        probability = (observed + _SHRINKAGE * below) / (total + _SHRINKAGE)
    return probability.ravel()
