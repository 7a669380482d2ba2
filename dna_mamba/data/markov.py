"""Markov baselines: what counting short words says of a base, the mark a trained model has to pass.

One-sided order k predicts a base from the k bases before it; two-sided k+k from k on each side, which is what a
masked language model is asked. Words are counted on both strands of the training sequence. Two estimators make
probabilities of the counts:

- one half added to each count (Krichevsky & Trofimov 1981), one baseline for each context;
- contexts of all lengths interpolated (``data.blending``), one baseline for each side.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes, bases_of
from dna_mamba.data.blending import BlendedContexts, one_sided_contexts, two_sided_contexts
from dna_mamba.data.genomes import ContigCodes
from dna_mamba.data.words import LONGEST_WORD, Context, OwnedPiece, WordCounts, pieces, some_of

_PSEUDOCOUNT = 0.5
_FITTED_BP, _FITTED_PIECE_BP = 2**18, 2**12
"""How much of the training sequence interpolation is fitted on."""
ONE_SIDED, TWO_SIDED, BLENDED = "one-sided", "two-sided", "interpolated"
Probabilities = NDArray[np.float64]
"""Of A, C, G and T, (N, 4)."""


class BaselineLoss(NamedTuple):
    """Held-out loss of one baseline in bits per base; ``n_bases`` were predicted, and it is NaN where none was.

    ``kind`` is ``one-sided`` or ``two-sided``, followed by ``interpolated`` where contexts of all lengths are blended.
    """

    kind: str
    left_bp: int
    right_bp: int
    bits_per_base: float
    n_bases: int

    @property
    def name(self) -> str:
        """For example ``one-sided order 8``, ``two-sided 4+4`` or ``two-sided interpolated 6+6``."""
        one_sided = self.kind.startswith(ONE_SIDED)
        context = f"order {self.left_bp}" if one_sided else f"{self.left_bp}+{self.right_bp}"
        return f"{self.kind} {context}"


class MarkovBaselines:
    """All baselines of one training sequence, from one table of counts.

    Args:
        train: uint8 (L,) each, read in pieces.
        longest_word: of the counts, the base included; 13 gives orders to 12 and contexts to 6+6, in 343 MiB.
    """

    def __init__(self, train: Sequence[ContigCodes], longest_word: int = LONGEST_WORD) -> None:
        self.counts = WordCounts(train, longest_word)
        self._fitted_on = some_of(train, _FITTED_BP, _FITTED_PIECE_BP)

    @cached_property
    def one_sided(self) -> "BlendedContexts":
        """Orders 0 to the longest, blended."""
        return BlendedContexts(self.counts, one_sided_contexts(self.counts.longest), self._fitted_on)

    @cached_property
    def two_sided(self) -> "BlendedContexts":
        """Contexts 0+0, 1+0, 1+1 ... to the longest, blended."""
        return BlendedContexts(self.counts, two_sided_contexts(self.counts.longest), self._fitted_on)

    def losses(self, held_out: Iterable[ContigCodes]) -> list[BaselineLoss]:
        """Every baseline on the forward strand of some sequences: orders, contexts, and the two that are blended.

        A baseline is asked where its whole context is known, a blended one everywhere.
        """
        sums: dict[tuple[str, Context], _Sum] = {}
        for piece in pieces(held_out, *self._reach):
            for blended, side in ((self.one_sided, ONE_SIDED), (self.two_sided, TWO_SIDED)):
                for context, bits in _bits_of(blended, piece):
                    kind = f"{side} {BLENDED}" if context is None else side
                    key = kind, context or blended.contexts[-1]
                    sums[key] = sums.get(key, _Sum(0.0, 0)).plus(bits)
        return [self._loss(kind, context, sums.get((kind, context))) for kind, context in self._rows()]

    def probabilities(self, codes: Codes, baseline: BaselineLoss) -> Probabilities:
        """What one baseline says of every base of a sequence, (L, 4); NaN where its context is not known.

        Args:
            codes: uint8 (L,); the base that is predicted is not looked at.
            baseline: one of those that ``losses`` gives.
        """
        at_N = np.arange(len(codes))
        if baseline.kind.endswith(BLENDED):
            blended = self.one_sided if baseline.kind.startswith(ONE_SIDED) else self.two_sided
            return blended.probabilities(codes, at_N)
        context = Context(baseline.left_bp, baseline.right_bp)
        ((_, counts_N4, known_N),) = self.counts.in_contexts(codes, at_N, [context])
        return np.where(known_N[:, None], _with_half_added(counts_N4), math.nan)

    @property
    def _reach(self) -> tuple[int, int]:
        return self.counts.longest - 1, (self.counts.longest - 1) // 2

    def _rows(self) -> Iterator[tuple[str, Context]]:
        """Kind and context of every baseline, in the order in which they are reported."""
        longest = self.counts.longest
        one_sided, two_sided = one_sided_contexts(longest), two_sided_contexts(longest)
        yield from ((ONE_SIDED, context) for context in one_sided[1:])
        yield f"{ONE_SIDED} {BLENDED}", one_sided[-1]
        yield from ((TWO_SIDED, context) for context in two_sided[2::2])
        yield f"{TWO_SIDED} {BLENDED}", two_sided[-1]

    @staticmethod
    def _loss(kind: str, context: Context, found: "_Sum | None") -> BaselineLoss:
        total, n_bases = found or (0.0, 0)
        return BaselineLoss(kind, *context, total / n_bases if n_bases else math.nan, n_bases)


class _Sum(NamedTuple):
    """Bits of so many bases."""

    bits: float
    n_bases: int

    def plus(self, bits_N: NDArray[np.float64]) -> "_Sum":
        return _Sum(self.bits + float(bits_N.sum()), self.n_bases + len(bits_N))


def _with_half_added(counts_N4: NDArray[np.float64]) -> Probabilities:
    p_N4: Probabilities = (counts_N4 + _PSEUDOCOUNT) / (counts_N4.sum(1, keepdims=True) + 4 * _PSEUDOCOUNT)
    return p_N4


def _bits_of(blended: BlendedContexts, piece: OwnedPiece) -> Iterator[tuple[Context | None, NDArray[np.float64]]]:
    """Surprise in bits at the bases that a piece owns: under each context alone, and for None under all blended."""
    bases = bases_of(piece.codes)
    at_N = np.flatnonzero(piece.own & (bases < N_CODE))
    base_N = bases[at_N]
    p_N4 = blended.prior(len(at_N))
    for level, (context, counts_N4, known_N) in enumerate(blended.levels(piece.codes, at_N)):
        alone_K4 = _with_half_added(counts_N4[known_N])
        yield context, -np.log2(np.take_along_axis(alone_K4, base_N[known_N, None], 1)[:, 0])
        p_N4 = blended.blend(level, counts_N4, known_N, p_N4)
    yield None, -np.log2(np.take_along_axis(p_N4, base_N[:, None], 1)[:, 0])


def markov_baselines(
    train: Sequence[ContigCodes], held_out: Sequence[ContigCodes], *, report: Callable[[str], None] = lambda name: None
) -> list[BaselineLoss]:
    """Every baseline trained on some sequences and asked on others, uint8 (L,) each; see ``MarkovBaselines``."""
    losses = MarkovBaselines(train).losses(held_out)
    for loss in losses:
        report(loss.name)
    return losses


def pooled(parts: Iterable[Sequence[BaselineLoss]]) -> list[BaselineLoss]:
    """Losses of several parts, the same baselines in each, as if the parts were one."""
    return [_pooled(of_parts) for of_parts in zip(*parts, strict=True)]


def _pooled(losses: Sequence[BaselineLoss]) -> BaselineLoss:
    n_bases = sum(loss.n_bases for loss in losses)
    bits = sum(loss.bits_per_base * loss.n_bases for loss in losses if loss.n_bases)
    return losses[0]._replace(bits_per_base=bits / n_bases if n_bases else math.nan, n_bases=n_bases)


def best(baselines: Iterable[BaselineLoss], kind: str) -> BaselineLoss:
    """The baseline of one kind (as in ``BaselineLoss.kind``) with the lowest loss."""
    return min((b for b in baselines if b.kind == kind), key=lambda b: b.bits_per_base)
