"""Rows that are tested on and, nearly or exactly, trained on: counted, named, and dropped where that is asked for."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.data.folds.alike import NEAR_IDENTITY, AlikeRows, alike_rows
from dna_mamba.data.folds.plans import Fold, check_fold
from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.errors import InputError

LeakKind = Literal["exact", "reverse-complement", "near"]
LeakPolicy = Literal["drop", "keep", "refuse"]
LEAK_KINDS: tuple[LeakKind, ...] = ("exact", "reverse-complement", "near")
_NAMED = 5


class Leak(NamedTuple):
    """A tested row that is trained on in the same fold, and the first training row most like it."""

    fold: str
    kind: LeakKind
    test_id: str
    training_id: str
    identity: float
    """Of near duplicates as in ``AlikeRows``; 1 for the others."""
    same_label: bool


class FoldLeaks(NamedTuple):
    """What leaks in each fold, by test row; training rows are those of training and of validation."""

    leaks: list[Leak]
    training_rows: list[NDArray[np.int64]]
    """Of each fold, every row of training or validation that is like a tested one, ascending, int64."""
    n_tested: int
    """Rows tested, over all folds."""
    notes: tuple[str, ...]

    def count(self, kind: LeakKind) -> int:
        """Tested rows that leak in this way, over all folds."""
        return sum(leak.kind == kind for leak in self.leaks)

    def lines(self) -> list[str]:
        """The report in words: a line a kind, with some ids, and what it did not look at."""
        told = []
        for kind in LEAK_KINDS:
            some = [leak for leak in self.leaks if leak.kind == kind]
            pairs = ", ".join(f"{leak.test_id} ~ {leak.training_id}" for leak in some[:_NAMED])
            more = f" and {len(some) - _NAMED:,} more" if len(some) > _NAMED else ""
            named = {"near": f"near ({NEAR_IDENTITY:.0%})"}.get(kind, kind)
            share = f"{len(some):,} of {self.n_tested:,} tested rows"
            told.append(f"{named} duplicates in training: {share}" + (f" ({pairs}{more})" if some else ""))
        return [*told, *self.notes]

    def facts(self, policy: LeakPolicy) -> dict[str, Any]:
        """Counts ready for JSON; every pair is in ``leaks``."""
        per_fold = Counter((leak.fold, leak.kind) for leak in self.leaks)
        folds = list(dict.fromkeys(leak.fold for leak in self.leaks))
        return {
            "policy": policy,
            "tested_rows": self.n_tested,
            **{kind.replace("-", "_"): self.count(kind) for kind in LEAK_KINDS},
            "near_identity": NEAR_IDENTITY,
            "other_label": sum(not leak.same_label for leak in self.leaks),
            "training_rows": sum(map(len, self.training_rows)),
            "per_fold": {fold: {kind: per_fold[fold, kind] for kind in LEAK_KINDS} for fold in folds},
            "examples": [leak._asdict() for kind in LEAK_KINDS for leak in self._first(kind)],
            "notes": list(self.notes),
        }

    def _first(self, kind: LeakKind) -> list[Leak]:
        return [leak for leak in self.leaks if leak.kind == kind][:_NAMED]


def find_leaks(labelled: Labelled, folds: Sequence[Fold], alike: AlikeRows | None = None) -> FoldLeaks:
    """Tested rows of each fold that are, or are nearly, rows of its training or validation part.

    A row counts once a fold: as exact before reverse complement before near.

    Args:
        labelled: n rows.
        folds: of these rows.
        alike: which rows are alike; None finds out.
    """
    found = alike_rows(labelled.sequences, labelled.alternatives) if alike is None else alike
    neighbours = _neighbours(found)
    leaks: list[Leak] = []
    training: list[NDArray[np.int64]] = []
    for fold in folds:
        leaks += _leaks_of(labelled, fold, found, neighbours)
        training.append(_like_tested(fold, found))
    return FoldLeaks(leaks, training, sum(len(fold.test) for fold in folds), _notes(labelled, found))


def apply_policy(labelled: Labelled, folds: Sequence[Fold], leaks: FoldLeaks, policy: LeakPolicy) -> list[Fold]:
    """The folds to train with: as they are, or without the training rows that are like tested ones.

    Raises:
        InputError: something leaks and the policy is ``refuse``; or what ``drop`` leaves lacks a class or is empty.
    """
    if policy == "refuse" and leaks.leaks:
        first = leaks.leaks[0]
        counts = ", ".join(f"{leaks.count(kind)} {kind}" for kind in LEAK_KINDS if leaks.count(kind))
        pair = f"{first.test_id} ~ {first.training_id}"
        what = f"{len(leaks.leaks):,} tested rows are trained on ({counts}; first {pair})"
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


def _neighbours(alike: AlikeRows) -> dict[int, list[tuple[int, float]]]:
    """Near sequences of each sequence, the most alike first."""
    found: dict[int, list[tuple[int, float]]] = {}
    for (one, other), identity in zip(alike.near.tolist(), alike.identity.tolist(), strict=True):
        found.setdefault(one, []).append((other, identity))
        found.setdefault(other, []).append((one, identity))
    return {group: sorted(pairs, key=lambda pair: (-pair[1], pair[0])) for group, pairs in found.items()}


def _leaks_of(
    labelled: Labelled, fold: Fold, alike: AlikeRows, neighbours: dict[int, list[tuple[int, float]]]
) -> list[Leak]:
    forward: dict[tuple[int, bool], int] = {}
    of_group: dict[int, int] = {}
    for row in np.union1d(fold.train, fold.validation).tolist():
        forward.setdefault((int(alike.group[row]), bool(alike.reverse[row])), row)
        of_group.setdefault(int(alike.group[row]), row)
    found = []
    for row in fold.test.tolist():
        group, reverse = int(alike.group[row]), bool(alike.reverse[row])
        match: tuple[LeakKind, int, float] | None = None
        if (group, reverse) in forward:
            match = "exact", forward[group, reverse], 1.0
        elif (group, not reverse) in forward:
            match = "reverse-complement", forward[group, not reverse], 1.0
        else:
            near = [(other, identity) for other, identity in neighbours.get(group, []) if other in of_group]
            match = ("near", of_group[near[0][0]], near[0][1]) if near else None
        if match is not None:
            kind, other, identity = match
            alike_label = np.array_equal(labelled.labels[row], labelled.labels[other])
            found.append(Leak(fold.name, kind, labelled.ids[row], labelled.ids[other], round(identity, 4), alike_label))
    return found


def _like_tested(fold: Fold, alike: AlikeRows) -> NDArray[np.int64]:
    """Rows of training and validation whose sequence is tested, or is near one that is."""
    tested = np.zeros(int(alike.group.max()) + 1, dtype=bool)
    tested[alike.group[fold.test]] = True
    touched = tested.copy()
    touched[alike.near[tested[alike.near[:, 0]], 1]] = True
    touched[alike.near[tested[alike.near[:, 1]], 0]] = True
    rows = np.union1d(fold.train, fold.validation)
    return rows[touched[alike.group[rows]]]


def _notes(labelled: Labelled, alike: AlikeRows) -> tuple[str, ...]:
    notes = []
    if labelled.is_variants:
        notes.append("near duplicates of variants are not looked for: windows of neighbours overlap (--group chrom)")
    if alike.n_many:
        what = f"{alike.n_many:,} pieces are common to very many rows, of which some were looked at"
        notes.append(f"{what}: there may be more near duplicates (--folds homology keeps families together)")
    return tuple(notes)
