"""Markov baselines: what counting short words says of a base, the mark a trained model has to pass.

One-sided order k predicts a base from the k bases before it; two-sided k+k from k on each side, which is what a
masked language model is asked. Counts are taken on both strands of the training contigs with one half added to each
(the Krichevsky-Trofimov estimator, 1981).
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import reverse_complement_codes
from dna_mamba.data.store import Codes

ONE_SIDED_ORDERS = range(1, 12)
TWO_SIDED_FLANKS = range(1, 6)
_PSEUDOCOUNT = 0.5


class BaselineLoss(NamedTuple):
    """Held-out loss of one baseline in bits per base; ``n_bases`` were predicted."""

    kind: str
    left_bp: int
    right_bp: int
    bits_per_base: float
    n_bases: int

    @property
    def name(self) -> str:
        """For example ``one-sided order 8`` or ``two-sided 4+4``."""
        context = f"order {self.left_bp}" if self.kind == "one-sided" else f"{self.left_bp}+{self.right_bp}"
        return f"{self.kind} {context}"


def words(codes: Codes, left_bp: int, right_bp: int) -> NDArray[np.int64]:
    """Each base with its context as one number, (n,), the base in the lowest two bits.

    Positions whose context leaves the contig or holds anything but ACGT are left out.
    """
    width = left_bp + 1 + right_bp
    n_words = len(codes) - width + 1
    if n_words <= 0:
        return np.empty(0, dtype=np.int64)
    bases = (codes & 7).astype(np.int64)
    valid = np.ones(n_words, dtype=bool)
    word = np.zeros(n_words, dtype=np.int64)
    offsets = [o for o in range(width) if o != left_bp] + [left_bp]
    for offset in offsets:
        column = bases[offset : offset + n_words]
        valid &= column < 4
        word = (word << 2) | (column & 3)
    return word[valid]


def markov_loss(train: Iterable[Codes], held_out: Iterable[Codes], left_bp: int, right_bp: int) -> BaselineLoss:
    """Train one baseline on both strands of ``train`` and evaluate it on the forward strand of ``held_out``."""
    counts = np.zeros(4 ** (left_bp + 1 + right_bp), dtype=np.float64)
    for codes in train:
        for strand in (codes, reverse_complement_codes(codes)):
            counts += np.bincount(words(strand, left_bp, right_bp), minlength=counts.size)
    table_C4 = counts.reshape(-1, 4) + _PSEUDOCOUNT
    bits = np.log2(table_C4.sum(1, keepdims=True) / table_C4).reshape(-1)
    asked = [words(codes, left_bp, right_bp) for codes in held_out]
    n_bases = sum(map(len, asked))
    total = sum(float(bits[word].sum()) for word in asked)
    kind = "two-sided" if right_bp else "one-sided"
    return BaselineLoss(kind, left_bp, right_bp, total / n_bases if n_bases else math.nan, n_bases)


def markov_baselines(
    train: Mapping[str, Codes], held_out: Mapping[str, Codes], *, report: Callable[[str], None] = lambda name: None
) -> list[BaselineLoss]:
    """Every one-sided order 1..11 and two-sided context 1+1..5+5, in that order."""
    contexts = [(k, 0) for k in ONE_SIDED_ORDERS] + [(k, k) for k in TWO_SIDED_FLANKS]
    losses = []
    for left_bp, right_bp in contexts:
        losses.append(markov_loss(train.values(), held_out.values(), left_bp, right_bp))
        report(losses[-1].name)
    return losses


def best(baselines: Iterable[BaselineLoss], kind: str) -> BaselineLoss:
    """The baseline of one kind (``one-sided`` or ``two-sided``) with the lowest loss."""
    return min((b for b in baselines if b.kind == kind), key=lambda b: b.bits_per_base)
