"""Folds: which rows are trained on, which choose when to stop, which are tested on."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from dna_mamba.data.folds.dealing import deal_groups, deal_rows, numbered, strata_of
from dna_mamba.data.folds.given import given_folds
from dna_mamba.data.labelled.dataset import Labelled, class_counts
from dna_mamba.data.labelled.labels import natural_key
from dna_mamba.errors import InputError

FoldKind = Literal["stratified", "k-fold", "group", "leave-group-out", "leave-chromosome-out", "homology", "column"]


_N_FOLDS = 5


class FoldPlan(BaseModel):
    """How rows are divided.

    ``stratified``: each fold has its share of every class, or of every fifth of a target. ``k-fold``: by chance alone.
    ``group``: groups stay together, classes spread as well as that allows. ``leave-group-out`` and
    ``leave-chromosome-out``: each group, or contig, is tested once. ``homology``: as ``group``, by families of alike
    sequences. ``column``: as a column says.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FoldKind = "stratified"
    n_folds: int | None = Field(default=None, ge=2)
    """By default 5, or as many as there are groups or families where these are fewer."""
    repeats: int = Field(default=1, ge=1)
    """How often rows are divided anew; results are over all folds of all repeats."""
    seed: int = Field(default=0, ge=0)
    validation: float = Field(default=0.1, ge=0, lt=1)
    """Share of a fold's training rows that chooses when to stop, divided by the same rule; 0 for none."""


class Fold(NamedTuple):
    """Rows of each part, ascending, int64; no row is in two parts."""

    name: str
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def make_folds(labelled: Labelled, plan: FoldPlan, families: NDArray[np.int64] | None = None) -> list[Fold]:
    """The folds of a plan, the same for equal rows and seed.

    Args:
        labelled: n rows.
        plan: how they are divided.
        families: number of each row's family, int64 (n,), for ``homology``.

    Raises:
        InputError: fewer rows of a class, groups or contigs than folds; no column of folds, groups or contigs where
            the plan asks for one; or training rows of a fold that lack a class or whose targets never vary.
    """
    if plan.kind == "column":
        folds = list(_from_column(labelled, plan))
    elif plan.kind in ("leave-group-out", "leave-chromosome-out"):
        folds = list(_leave_one_out(labelled, plan))
    else:
        folds = list(_dealt(labelled, plan, families))
    for fold in folds:
        check_fold(labelled, fold)
    return folds


def _dealt(labelled: Labelled, plan: FoldPlan, families: NDArray[np.int64] | None) -> Iterator[Fold]:
    groups = _groups(labelled, plan, families)
    strata = np.zeros(len(labelled), dtype=np.int64) if plan.kind == "k-fold" else strata_of(labelled)
    n_folds = _n_folds(labelled, plan, groups)
    for repeat in range(plan.repeats):
        generator = np.random.default_rng((plan.seed, repeat))
        of = _deal(groups, strata, n_folds, generator)
        for number in range(n_folds):
            name = f"fold {number + 1}" + (f" of repeat {repeat + 1}" if plan.repeats > 1 else "")
            rest, test = np.flatnonzero(of != number), np.flatnonzero(of == number)
            yield _with_validation(name, rest, test, groups, strata, plan, (plan.seed, repeat, number))


def _leave_one_out(labelled: Labelled, plan: FoldPlan) -> Iterator[Fold]:
    by_contig = plan.kind == "leave-chromosome-out"
    column, option = (labelled.chroms, "--chrom-column") if by_contig else (labelled.groups, "--group")
    names = _needed(column, plan, labelled, option)
    groups, strata = numbered(names), strata_of(labelled)
    kinds = sorted(set(names), key=natural_key)
    if len(kinds) < 2:
        what = f"{plan.kind} folds of one group ({kinds[0]!r})"
        raise InputError(what, place=labelled.source, remedy="choose other folds (--folds)")
    of = np.array(names, dtype=object)
    for number, kind in enumerate(kinds):
        rest, test = np.flatnonzero(of != kind), np.flatnonzero(of == kind)
        yield _with_validation(str(kind), rest, test, groups, strata, plan, (plan.seed, number))


def _from_column(labelled: Labelled, plan: FoldPlan) -> Iterator[Fold]:
    column = _needed(labelled.folds, plan, labelled, "--fold-column")
    groups = _row_groups(labelled) if labelled.groups is None else numbered(labelled.groups)
    strata = strata_of(labelled)
    for number, (name, train, validation, test) in enumerate(given_folds(column, labelled.source)):
        if len(validation):
            yield Fold(name, train, validation, test)
        else:
            yield _with_validation(name, train, test, groups, strata, plan, (plan.seed, number))


def _groups(labelled: Labelled, plan: FoldPlan, families: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Number of each row's group; rows on their own where the plan knows none."""
    if plan.kind == "homology":
        if families is None:
            raise ValueError("folds by homology need the family of each row")
        return families
    if plan.kind == "group":
        return numbered(_needed(labelled.groups, plan, labelled, "--group"))
    return _row_groups(labelled)


def _row_groups(labelled: Labelled) -> NDArray[np.int64]:
    return np.arange(len(labelled))


def _needed(column: list[str] | None, plan: FoldPlan, labelled: Labelled, option: str) -> list[str]:
    if column is None:
        what = f"{plan.kind} folds need a column that says which"
        raise InputError(what, place=labelled.source, remedy=f"name it with {option}")
    return column


def _deal(
    groups: NDArray[np.int64], strata: NDArray[np.int64], n_parts: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    numbers = np.unique(groups, return_inverse=True)[1].reshape(-1)
    if len(numbers) == numbers.max() + 1:  # every row is a group of its own
        return deal_rows(strata, n_parts, generator)
    return deal_groups(numbers, strata, n_parts, generator)


def _with_validation(
    name: str,
    rest: NDArray[np.int64],
    test: NDArray[np.int64],
    groups: NDArray[np.int64],
    strata: NDArray[np.int64],
    plan: FoldPlan,
    seed: tuple[int, ...],
) -> Fold:
    """Take the validation part out of what is not tested, by the rule that made the fold.

    Where the rest has fewer groups than one in ``1 / validation``, one whole group validates, if two remain to train.
    """
    n_groups = len(np.unique(groups[rest]))
    n_parts = min(round(1 / plan.validation), n_groups) if plan.validation else 0
    if n_parts < 2 or n_groups < 3:
        return Fold(name, rest, rest[:0], test)
    of = _deal(groups[rest], strata[rest], max(2, n_parts), np.random.default_rng((*seed, 1)))
    return Fold(name, rest[of != 0], rest[of == 0], test)


def _n_folds(labelled: Labelled, plan: FoldPlan, groups: NDArray[np.int64]) -> int:
    """How many folds there are. Raises InputError where rows, a class of them or groups do not suffice."""
    n_groups = len(np.unique(groups))
    of = {"group": "groups", "homology": "families of alike sequences"}.get(plan.kind, "rows")
    n_folds = plan.n_folds or (max(2, min(_N_FOLDS, n_groups)) if of != "rows" else _N_FOLDS)
    if n_groups < n_folds:
        remedy = f"ask for at most {n_groups} folds, or give more rows" if n_groups > 1 else "choose other folds"
        raise InputError(f"{n_groups} {of} for {n_folds} folds", place=labelled.source, remedy=remedy)
    if plan.kind == "stratified" and labelled.task in ("classification", "multilabel"):
        for name, count in class_counts(labelled).items():
            if count < n_folds:
                what = f"class {name!r} has {count} rows, fewer than the {n_folds} folds"
                remedy = "ask for fewer folds, leave the class out, or read numbers with --task regression"
                raise InputError(what, place=labelled.source, remedy=remedy)
    return n_folds


def check_fold(labelled: Labelled, fold: Fold) -> None:
    """Refuse a fold that has nothing to train on or to test, or whose training rows have nothing to learn from."""
    for part, rows in (("training", fold.train), ("test", fold.test)):
        if not len(rows):
            raise InputError(f"{fold.name} has no {part} rows", place=labelled.source, remedy="choose other folds")
    if not isinstance(labelled.labels, np.ndarray) or labelled.task == "tracks":
        return
    labels = labelled.labels[fold.train]
    if labelled.task == "classification":
        missing = set(range(len(labelled.names))) - set(np.unique(labels).tolist())
        if missing:
            what = f"training rows of {fold.name} have none of class {labelled.names[min(missing)]!r}"
            raise InputError(what, place=labelled.source, remedy="choose other folds, or leave the class out")
    elif not (np.ptp(labels, axis=0) > 0).all():
        name = labelled.names[int(np.argmax(np.ptp(labels, axis=0) == 0))]
        what = f"label {name!r} never varies in the training rows of {fold.name}"
        raise InputError(what, place=labelled.source, remedy="choose other folds, or leave the label out")
