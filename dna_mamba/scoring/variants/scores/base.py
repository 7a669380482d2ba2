"""What a score is, and what several of them are made of.

Notation: R and A are the windows with either allele, r and a the stretches in which they differ (one base each for a
substitution; every placement of an insertion or deletion, see ``sequences.variant_windows``), ln p_i(x | W) the model's
natural log probability, over A, C, G and T, of base x at position i of window W, both strands joined.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from dna_mamba.alphabet import Codes
from dna_mamba.inference.questions import Answers, Question, WholeWindow, WindowAnswer
from dna_mamba.sequences.variant_windows import AlleleWindows
from dna_mamba.sequences.windows import MaskedSite

_UNIFORM = float(np.log(4))
"""What a base is worth that could as well be any of the four, in nats."""


class Column(NamedTuple):
    """One number an allele: its name in tables and Python, its INFO key, and what it says.

    ``window_bp``: where it is read from a window of another length than the run's.
    """

    name: str
    key: str
    description: str
    window_bp: int | None = None


class Score(Protocol):
    """One way to score an allele."""

    @property
    def name(self) -> str:
        """What ``--scores`` calls it."""
        ...

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its numbers."""
        ...

    @property
    def window_bp(self) -> int | None:
        """Longest of the windows that it is given, padded with N; None for those of the run, which are not."""
        ...

    def questions(self, pair: AlleleWindows) -> Sequence[Question]:
        """What must be asked of the model."""
        ...

    def values(self, pair: AlleleWindows, answers: Answers) -> tuple[float | None, ...]:
        """A number for each column; None where it has no meaning."""
        ...


def changed_sites(pair: AlleleWindows) -> tuple[list[MaskedSite], list[MaskedSite]]:
    """The positions of r in R and of a in A, each masked; a substitution masks one site, the same in both."""
    start = len(pair.left)
    ref = _masked(pair.ref_codes, start, len(pair.ref))
    return ref, ref if pair.is_substitution else _masked(pair.alt_codes, start, len(pair.alt))


def _masked(codes: Codes, start: int, count: int) -> list[MaskedSite]:
    window = codes.tobytes()
    return [MaskedSite(window, offset) for offset in range(start, start + count)]


def both_windows(pair: AlleleWindows) -> list[WholeWindow]:
    """R and A, nothing masked."""
    return [WholeWindow(pair.ref_codes.tobytes()), WholeWindow(pair.alt_codes.tobytes())]


def answers_of_both(pair: AlleleWindows, answers: Answers) -> tuple[WindowAnswer, WindowAnswer]:
    """What the model says of R and of A."""
    ref, alt = (answers.windows[window] for window in both_windows(pair))
    return ref, alt


def log_ratio(alt: float, ref: float, pair: AlleleWindows) -> float:
    """The difference of two sums over a and r, each base counted against one in four; 0.0, never -0.0."""
    return float(np.float32(alt - ref + _UNIFORM * (len(pair.alt) - len(pair.ref))) + np.float32(0))
