"""Folds that a column gives: a number or name each, or train, validation and test."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dna_mamba.data.labelled.labels import natural_key
from dna_mamba.errors import InputError

_PARTS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}

GivenFold = tuple[str, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Name, and the rows of training, validation (none where the column names none) and test."""


def given_folds(column: list[str], source: str) -> Iterator[GivenFold]:
    """The folds of a column of n cells.

    Where it says ``train`` and ``test`` (and ``validation``, ``valid``, ``val`` or ``dev``) there is one fold.
    Otherwise each name is tested once, in natural order, and the rest is trained on.

    Raises:
        InputError: one fold only, a name of a part among names of folds, or no rows to train on or to test.
    """
    names = sorted(set(column), key=natural_key)
    parts = [_PARTS.get(name.strip().lower()) for name in names]
    cells = np.array(column, dtype=object)
    if any(parts):
        yield _one_split(names, parts, cells, source)
        return
    if len(names) < 2:
        what = f"the column of folds has one value ({names[0]!r})"
        raise InputError(what, place=source, remedy="give at least two, or train and test")
    for name in names:
        is_test = cells == name
        yield f"fold {name}", np.flatnonzero(~is_test), np.flatnonzero(~is_test)[:0], np.flatnonzero(is_test)


def _one_split(names: list[str], parts: list[str | None], cells: NDArray[np.object_], source: str) -> GivenFold:
    if None in parts:
        odd = names[parts.index(None)]
        what = f"the column of folds says {odd!r} beside {next(name for name in names if name != odd)!r}"
        raise InputError(what, place=source, remedy="use train, validation and test, or a name for each fold")
    part_of = dict(zip(names, parts, strict=True))
    of = np.array([part_of[name] for name in cells], dtype=object)
    rows = {wanted: np.flatnonzero(of == wanted) for wanted in ("train", "validation", "test")}
    for wanted in ("train", "test"):
        if not len(rows[wanted]):
            what = f"the column of folds has no {wanted!r}"
            raise InputError(what, place=source, remedy="mark rows of train and of test")
    return "test", rows["train"], rows["validation"], rows["test"]
