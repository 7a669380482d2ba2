"""Rows that are tested on and, nearly or exactly, trained on: counted, named, and dropped where that is asked for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.data.folds.alike import (
    COPIES,
    LEAK_KINDS,
    NEAR_IDENTITY,
    RELATED_SHARE,
    AlikeRows,
    LeakKind,
    alike_rows,
)
from dna_mamba.data.folds.plans import Fold, check_fold
from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.errors import InputError

LeakPolicy = Literal["drop", "keep", "refuse"]
_NAMED = 5
_WORDS = {
    "exact": "exact duplicates",
    "reverse-complement": "reverse complements",
    "near": f"near duplicates ({NEAR_IDENTITY:.0%})",
    "related": f"relatives ({RELATED_SHARE:.0%} of k-mers shared)",
}


_Partners = dict[int, list[tuple[int, float]]]
_Match = tuple[LeakKind, int, float]


class Leak(NamedTuple):
    """A tested row that is trained on in the same fold, and the first training row most like it."""

    fold: str
    kind: LeakKind
    test_id: str
    training_id: str
    identity: float
    """Of near duplicates as in ``AlikeRows``; of relatives the share of k-mers; 1 for copies."""
    same_label: bool


class FoldLeaks(NamedTuple):
    """What leaks in each fold, by test row; training rows are those of training and of validation."""

    leaks: list[Leak]
    training_rows: list[NDArray[np.int64]]
    """Of each fold, every row of training or validation that is a copy of a tested one, ascending, int64."""
    n_tested: int
    """Rows tested, over all folds."""
    looked_for: tuple[LeakKind, ...]
    notes: tuple[str, ...]

    def count(self, kind: LeakKind) -> int:
        """Tested rows that leak in this way, over all folds."""
        return sum(leak.kind == kind for leak in self.leaks)

    @property
    def copies(self) -> list[Leak]:
        """What is dropped or refused: leaks other than relatives, which folds by homology keep apart."""
        return [leak for leak in self.leaks if leak.kind in COPIES]

    def lines(self) -> list[str]:
        """The report in words: a line a kind, with some ids, and what it did not look at."""
        told = []
        for kind in self.looked_for:
            some = [leak for leak in self.leaks if leak.kind == kind]
            pairs = ", ".join(f"{leak.test_id} ~ {leak.training_id}" for leak in some[:_NAMED])
            more = f" and {len(some) - _NAMED:,} more" if len(some) > _NAMED else ""
            share = f"{len(some):,} of {self.n_tested:,} tested rows"
            told.append(f"{_WORDS[kind]} in training: {share}" + (f" ({pairs}{more})" if some else ""))
        return [*told, *self.notes]

    def facts(self, policy: LeakPolicy) -> dict[str, Any]:
        """Counts ready for JSON, None for what was not looked for; every pair is in ``leaks``."""
        per_fold = Counter((leak.fold, leak.kind) for leak in self.leaks)
        folds = list(dict.fromkeys(leak.fold for leak in self.leaks))
        return {
            "policy": policy,
            "tested_rows": self.n_tested,
            **{kind.replace("-", "_"): self.count(kind) if kind in self.looked_for else None for kind in LEAK_KINDS},
            "near_identity": NEAR_IDENTITY,
            "other_label": sum(not leak.same_label for leak in self.copies),
            "training_rows": sum(map(len, self.training_rows)),
            "per_fold": {fold: {kind: per_fold[fold, kind] for kind in LEAK_KINDS} for fold in folds},
            "examples": [leak._asdict() for kind in LEAK_KINDS for leak in self._first(kind)],
            "notes": list(self.notes),
        }

    def _first(self, kind: LeakKind) -> list[Leak]:
        return [leak for leak in self.leaks if leak.kind == kind][:_NAMED]


def find_leaks(labelled: Labelled, folds: Sequence[Fold], alike: AlikeRows | None = None) -> FoldLeaks:
    """Tested rows of each fold that are, or are nearly, rows of its training or validation part.

    A row counts once a fold: as exact before reverse complement before near before related.

    Args:
        labelled: n rows.
        folds: of these rows.
        alike: which rows are alike; None finds out.
    """
    found = alike_rows(labelled.sequences, labelled.alternatives) if alike is None else alike
    near, related = _partners(found.near, found.identity), _partners(found.related, found.shared)
    leaks: list[Leak] = []
    training: list[NDArray[np.int64]] = []
    for fold in folds:
        leaks += _leaks_of(labelled, fold, found, near, related)
        training.append(_like_tested(fold, found))
    return FoldLeaks(leaks, training, sum(len(fold.test) for fold in folds), found.looked_for, found.notes)


def apply_policy(labelled: Labelled, folds: Sequence[Fold], leaks: FoldLeaks, policy: LeakPolicy) -> list[Fold]:
    """The folds to train with: as they are, or without the training rows that are like tested ones.

    Raises:
        InputError: something leaks and the policy is ``refuse``; or what ``drop`` leaves lacks a class or is empty.
    """
    if policy == "refuse" and leaks.copies:
        first = leaks.copies[0]
        counts = ", ".join(f"{leaks.count(kind)} {kind}" for kind in COPIES if leaks.count(kind))
        pair = f"{first.test_id} ~ {first.training_id}"
        what = f"{len(leaks.copies):,} tested rows are trained on ({counts}; first {pair})"
        remedy = "--leaks drop removes them from training, --folds homology keeps families together"
        raise InputError(what, place=labelled.source, remedy=remedy)
    if policy != "drop":
        return list(folds)
    kept = [
        fold._replace(train=_without(fold.train, rows), validation=_without(fold.validation, rows))
        for fold, rows in zip(folds, leaks.training_rows, strict=True)
    ]
    for fold in kept:
        check_fold(labelled, fold)
    return kept


def _without(rows: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows[~np.isin(rows, others)]


def _partners(pairs: NDArray[np.int64], identities: NDArray[np.float64]) -> _Partners:
    """What each is paired with, the most alike first."""
    found: _Partners = {}
    for (one, other), identity in zip(pairs.tolist(), identities.tolist(), strict=True):
        found.setdefault(one, []).append((other, identity))
        found.setdefault(other, []).append((one, identity))
    return {one: sorted(others, key=lambda other: (-other[1], other[0])) for one, others in found.items()}


def _leaks_of(
    labelled: Labelled, fold: Fold, alike: AlikeRows, near: _Partners, related: _Partners
) -> list[Leak]:
    forward: dict[tuple[int, bool], int] = {}
    of_group: dict[int, int] = {}
    training = {row: row for row in np.union1d(fold.train, fold.validation).tolist()}
    for row in training:
        forward.setdefault((int(alike.group[row]), bool(alike.reverse[row])), row)
        of_group.setdefault(int(alike.group[row]), row)
    found = []
    for row in fold.test.tolist():
        group, reverse = int(alike.group[row]), bool(alike.reverse[row])
        match: _Match | None
        if (group, reverse) in forward:
            match = "exact", forward[group, reverse], 1.0
        elif (group, not reverse) in forward:
            match = "reverse-complement", forward[group, not reverse], 1.0
        else:
            match = _first("near", near.get(group, []), of_group)
            match = match or _first("related", related.get(row, []), training)
        if match is not None:
            kind, other, identity = match
            alike_label = np.array_equal(labelled.labels[row], labelled.labels[other])
            found.append(Leak(fold.name, kind, labelled.ids[row], labelled.ids[other], round(identity, 4), alike_label))
    return found


def _first(kind: LeakKind, partners: list[tuple[int, float]], row_of: Mapping[int, int]) -> _Match | None:
    """The first partner that has a training row."""
    return next(((kind, row_of[other], identity) for other, identity in partners if other in row_of), None)


def _like_tested(fold: Fold, alike: AlikeRows) -> NDArray[np.int64]:
    """Rows of training and validation whose sequence is tested, or is near one that is."""
    tested = np.zeros(int(alike.group.max()) + 1, dtype=bool)
    tested[alike.group[fold.test]] = True
    touched = tested.copy()
    touched[alike.near[tested[alike.near[:, 0]], 1]] = True
    touched[alike.near[tested[alike.near[:, 1]], 0]] = True
    rows = np.union1d(fold.train, fold.validation)
    return rows[touched[alike.group[rows]]]

