"""Markov baselines: what counting short words says of a base, the mark a trained model has to pass.

One-sided order k predicts a base from the k bases before it; two-sided k+k from k on each side, which is what a
masked language model is asked. Counts are taken on both strands of the training contigs with one half added to each
(the Krichevsky-Trofimov estimator, 1981).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes, bases_of, reverse_complement_codes

ONE_SIDED_ORDERS = range(1, 12)
TWO_SIDED_FLANKS = range(1, 6)
_PSEUDOCOUNT = 0.5
_CHUNK_BP = 2**17
"""Words are found in pieces of about this length, short contigs together, which stay in cache."""
_COUNTED_WORDS = 2**22
"""So many words are counted at a time: a table of counts for each contig would cost more than the words."""
_GAP = np.array([N_CODE], dtype=np.uint8)


class BaselineLoss(NamedTuple):
    """Held-out loss of one baseline in bits per base; ``n_bases`` were predicted, and it is NaN where none was."""

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
    """Each base with its context as one number, int64 (n,), the base in the lowest two bits.

    Positions whose context leaves the sequence or holds anything but ACGT are left out.
    """
    word, valid = _words_and_valid(codes, left_bp, right_bp)
    return word[valid]


def count_words(sequences: Iterable[Codes], left_bp: int, right_bp: int) -> NDArray[np.float64]:
    """How often each of ``words`` stands on either strand of some sequences, (4 ** (left_bp + 1 + right_bp),).

    ``sequences`` are uint8 (L,) each; a million short ones take about the time of a long one.
    """
    counts = np.zeros(4 ** (left_bp + 1 + right_bp), dtype=np.float64)
    found: list[NDArray[np.int64]] = []
    for chunk in _chunks(sequences, left_bp + right_bp):
        found += [words(strand, left_bp, right_bp) for strand in (chunk, reverse_complement_codes(chunk))]
        if sum(map(len, found)) >= _COUNTED_WORDS:
            counts += np.bincount(np.concatenate(found), minlength=counts.size)
            found = []
    if found:
        counts += np.bincount(np.concatenate(found), minlength=counts.size)
    return counts


def markov_loss(train: Iterable[Codes], held_out: Iterable[Codes], left_bp: int, right_bp: int) -> BaselineLoss:
    """Train one baseline on both strands of ``train`` and evaluate it on the forward strand of ``held_out``."""
    table_C4 = count_words(train, left_bp, right_bp).reshape(-1, 4) + _PSEUDOCOUNT
    bits = np.log2(table_C4.sum(1, keepdims=True) / table_C4).reshape(-1)
    total = 0.0
    n_bases = 0
    for asked in _words_by_sequence(held_out, left_bp, right_bp):
        total += float(bits[asked].sum())
        n_bases += len(asked)
    kind = "two-sided" if right_bp else "one-sided"
    return BaselineLoss(kind, left_bp, right_bp, total / n_bases if n_bases else math.nan, n_bases)


def markov_baselines(
    train: Sequence[Codes], held_out: Sequence[Codes], *, report: Callable[[str], None] = lambda name: None
) -> list[BaselineLoss]:
    """Every one-sided order 1..11 and two-sided context 1+1..5+5, in that order; sequences uint8 (L,) each."""
    contexts = [(k, 0) for k in ONE_SIDED_ORDERS] + [(k, k) for k in TWO_SIDED_FLANKS]
    losses = []
    for left_bp, right_bp in contexts:
        losses.append(markov_loss(train, held_out, left_bp, right_bp))
        report(losses[-1].name)
    return losses


def _words_and_valid(codes: Codes, left_bp: int, right_bp: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The word that starts at each position, and whether its context is whole and known, both (n,)."""
    width = left_bp + 1 + right_bp
    n_words = max(0, len(codes) - width + 1)
    bases = bases_of(codes).astype(np.int64)
    valid = np.ones(n_words, dtype=bool)
    word = np.zeros(n_words, dtype=np.int64)
    offsets = [o for o in range(width) if o != left_bp] + [left_bp]
    for offset in offsets:
        column = bases[offset : offset + n_words]
        valid &= column < N_CODE
        word = (word << 2) | (column & 3)
    return word, valid


def _chunks(sequences: Iterable[Codes], overlap_bp: int) -> Iterator[Codes]:
    """The same sequences in arrays of about ``_CHUNK_BP``: short ones joined by an N, long ones cut with an overlap.

    Words of ``overlap_bp`` + 1 bases are those of the sequences, each once.
    """
    pieces: list[Codes] = []
    size = 0
    for codes in sequences:
        for start in range(0, len(codes) - overlap_bp, _CHUNK_BP):
            piece = codes[start : start + _CHUNK_BP + overlap_bp]
            pieces += [piece, _GAP]
            size += len(piece) + 1
            if size >= _CHUNK_BP:
                yield np.concatenate(pieces)
                pieces = []
                size = 0
    if pieces:
        yield np.concatenate(pieces)


def _words_by_sequence(sequences: Iterable[Codes], left_bp: int, right_bp: int) -> Iterator[NDArray[np.int64]]:
    """``words`` of each sequence, found for many short ones at once."""
    for group in _groups(sequences):
        starts = np.cumsum([0] + [len(codes) + 1 for codes in group])
        joined = np.concatenate([part for codes in group for part in (codes, _GAP)])
        word, valid = _words_and_valid(joined, left_bp, right_bp)
        yield from np.split(word[valid], np.searchsorted(np.flatnonzero(valid), starts[1:-1]))


def _groups(sequences: Iterable[Codes]) -> Iterator[list[Codes]]:
    """Sequences in their order, as many together as make about ``_CHUNK_BP``."""
    group: list[Codes] = []
    size = 0
    for codes in sequences:
        group.append(codes)
        size += len(codes)
        if size >= _CHUNK_BP:
            yield group
            group = []
            size = 0
    if group:
        yield group


def best(baselines: Iterable[BaselineLoss], kind: str) -> BaselineLoss:
    """The baseline of one kind (``one-sided`` or ``two-sided``) with the lowest loss."""
    return min((b for b in baselines if b.kind == kind), key=lambda b: b.bits_per_base)
