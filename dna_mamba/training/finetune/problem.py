"""What every method is given: rows with labels, the part of them it may learn from, and those it is asked about."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.data.folds import Fold
from dna_mamba.data.labelled.dataset import Labelled

RowAnswers = NDArray[np.float64]
"""Probabilities of classes or labels, or values of targets, (n, K)."""
RowNumbers = NDArray[np.int64]
_VALIDATION_PARTS = 10


@dataclass(frozen=True)
class Problem:
    """Labelled rows, and what is to be said of one.

    Attributes:
        data: n rows whose labels are an array: classes, labels or values a sequence or a variant.
        balanced: classes count alike in losses, however many rows each has.
        window_bp: asked for around variants, intervals or of signals; None takes rows as they are.
        read: of bins, the windows that hold them; None where models read the rows themselves.
        bin_bp: of bins.
    """

    data: Labelled
    balanced: bool
    window_bp: int | None = None
    read: Labelled | None = None
    bin_bp: int | None = None

    @property
    def windows(self) -> Labelled:
        """What models read: the rows, or where rows are bins of a signal the windows that hold them."""
        return self.data if self.read is None else self.read

    @property
    def n_bins(self) -> int:
        """Rows of a window."""
        return len(self.data) // len(self.windows)

    def windows_with(self, rows: RowNumbers) -> RowNumbers:
        """Numbers of the windows that hold some rows, each once, in order."""
        return rows if self.read is None else np.unique(rows // self.n_bins)

    @property
    def kind(self) -> Literal["classes", "labels", "values"]:
        """One of several classes, any number of labels, or values."""
        kinds: dict[str, Literal["classes", "labels", "values"]] = {"classification": "classes", "multilabel": "labels"}
        return kinds.get(self.data.task, "values")

    @property
    def n_outputs(self) -> int:
        """Classes, labels or targets."""
        return len(self.data.names)

    @cached_property
    def truth(self) -> NDArray[Any]:
        """int64 (n,) indices of classes, int64 (n, K) of 0 and 1, or float64 (n, K)."""
        return self.data.label_array()

    def class_weights(self, rows: RowNumbers) -> NDArray[np.float64]:
        """The weight of each class in the loss, (K,): n / (K n_k) where they are balanced, else 1."""
        if self.kind != "classes" or not self.balanced:
            return np.ones(self.n_outputs)
        counts = np.bincount(self.truth[rows], minlength=self.n_outputs)
        return len(rows) / (self.n_outputs * np.maximum(counts, 1).astype(np.float64))


class FoldPart(NamedTuple):
    """Rows that a method learns from, those that choose its settings, and those it is asked about afterwards."""

    train: RowNumbers
    validation: RowNumbers
    test: RowNumbers

    @property
    def known(self) -> RowNumbers:
        """All rows that may be learnt from."""
        return np.union1d(self.train, self.validation)


def part_of(fold: Fold, seed: int = 0) -> FoldPart:
    """A fold, every tenth training row by chance validating where it has no validation part of its own."""
    if len(fold.validation) or len(fold.train) < 2 * _VALIDATION_PARTS:
        return FoldPart(fold.train, fold.validation, fold.test)
    order = np.random.default_rng(seed).permutation(fold.train)
    n_validation = len(order) // _VALIDATION_PARTS
    return FoldPart(np.sort(order[n_validation:]), np.sort(order[:n_validation]), fold.test)


class Asked(NamedTuple):
    """One thing to do: learn from a part of the rows and answer for the rest.

    Attributes:
        problem: the rows.
        part: which of them are for what.
        seed: of what is drawn by chance.
        name: of a directory for what is done so far.
        check: raises PreemptedError where the run is asked to stop; called between pieces of work.
    """

    problem: Problem
    part: FoldPart
    seed: int
    name: str
    check: Callable[[], None]


class HeldOutAnswer(NamedTuple):
    """What a method says of the test rows.

    Attributes:
        answers: float64 (n_test, K).
        chosen: its settings, ready for JSON.
        log: rows for the log of the run, each with ``event`` and ``step``.
    """

    answers: RowAnswers
    chosen: dict[str, Any]
    log: tuple[dict[str, Any], ...] = ()
