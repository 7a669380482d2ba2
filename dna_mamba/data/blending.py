"""Contexts of all lengths in one prediction: what a longer one has seen, completed by what a shorter one predicts.

With n(b) counts of a base in its context, n in all, and q(b) the prediction of the next shorter context,

    p(b) = (n(b) + s q(b)) / (n + s),

the predictive distribution of the hierarchical Dirichlet model of MacKay & Peto 1995 (Natural Language Engineering 1,
289-307, eq. 13). Interpolation after Witten & Bell 1991 is the same with s the number of bases seen there. Here s is
one number for each length, the one under which training words, each left out of the counts, are likeliest (deleted
estimation, Jelinek & Mercer 1980). The shortest context is completed by one half for each base.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes, bases_of
from dna_mamba.data.words import LONGEST_WORD, Context, WordCounts

_STRENGTHS = 2.0 ** np.arange(-2, 19)
_SHORTEST_STRENGTH = 2.0
_Counts = NDArray[np.float64]
_Known = NDArray[np.bool_]


def one_sided_contexts(longest_word: int = LONGEST_WORD) -> list[Context]:
    """Orders 0, 1, ... as far as words of a length go."""
    return [Context(order, 0) for order in range(longest_word)]


def two_sided_contexts(longest_word: int = LONGEST_WORD) -> list[Context]:
    """0+0, 1+0, 1+1, 2+1 ... as far as words of a length go: each has one base more than the one before."""
    return [Context((length + 1) // 2, length // 2) for length in range(longest_word)]


class BlendedContexts:
    """One prediction of contexts that hold each other, the shortest first.

    Args:
        counts: of words, at least as long as the longest context with its base.
        contexts: the first has no bases; each has the bases of the one before, and more.
        fitted_on: some of the sequence that was counted, uint8 (L,) each: what the strengths are chosen on.
    """

    def __init__(self, counts: WordCounts, contexts: Sequence[Context], fitted_on: Iterable[Codes]) -> None:
        self._counts = counts
        self.contexts = tuple(contexts)
        self.strengths = self._fitted(fitted_on)

    def probabilities(self, codes: Codes, at_N: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of A, C, G and T at some offsets of a sequence, (N, 4); as much of the context as is known is used."""
        p_N4 = self.prior(len(at_N))
        for level, (_, counts_N4, known_N) in enumerate(self.levels(codes, at_N)):
            p_N4 = self.blend(level, counts_N4, known_N, p_N4)
        return p_N4

    def levels(self, codes: Codes, at_N: NDArray[np.int64]) -> Iterator[tuple[Context, _Counts, _Known]]:
        """Counts context by context, as ``WordCounts.in_contexts`` gives them."""
        return self._counts.in_contexts(codes, at_N, self.contexts)

    @staticmethod
    def prior(n: int) -> NDArray[np.float64]:
        """The prediction before any context, (n, 4)."""
        return np.full((n, 4), 0.25)

    def blend(self, level: int, counts_N4: _Counts, known_N: _Known, p_N4: NDArray[np.float64]) -> NDArray[np.float64]:
        """The prediction after a context, (N, 4), of that before it; the same where the context is not known."""
        strength = self.strengths[level]
        blended_N4 = (counts_N4 + strength * p_N4) / (counts_N4.sum(1, keepdims=True) + strength)
        return np.where(known_N[:, None], blended_N4, p_N4)

    def _fitted(self, sequences: Iterable[Codes]) -> list[float]:
        """A strength for each context, chosen from the shortest to the longest, each given those before it."""
        per_piece = [self._left_out(codes) for codes in sequences]
        strengths = [_SHORTEST_STRENGTH]
        p_N = np.full(sum(len(levels[0][0]) for levels in per_piece), 0.25)
        for level in range(len(self.contexts)):
            seen_N, total_N, known_N = (
                np.concatenate([levels[level][field] for levels in per_piece] or [np.zeros(0)]) for field in range(3)
            )
            tried = _STRENGTHS if level else [_SHORTEST_STRENGTH]
            by_strength = [np.where(known_N > 0, (seen_N + s * p_N) / (total_N + s), p_N) for s in tried]
            likeliest = int(np.argmax([np.log(p).sum() for p in by_strength]))
            p_N = by_strength[likeliest]
            strengths[level:] = [float(tried[likeliest])]
        return strengths

    def _left_out(self, codes: Codes) -> list[tuple[_Counts, _Counts, _Known]]:
        """For each context: how often the bases of a counted sequence, and any base, were counted beside themselves."""
        bases = bases_of(codes)
        at_N = np.flatnonzero(bases < N_CODE)
        base_N1 = bases[at_N, None]
        return [
            (
                np.where(known_N, np.take_along_axis(counts_N4, base_N1, 1)[:, 0] - 1, 0),
                np.where(known_N, counts_N4.sum(1) - 1, 0),
                known_N,
            )
            for _, counts_N4, known_N in self.levels(codes, at_N)
        ]
