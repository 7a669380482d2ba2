"""Labels out of the text of one or several columns: which task they make, and the numbers they become."""

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.data.labelled.dataset import LabelTask, refuse_constant
from dna_mamba.errors import InputError

_SEPARATOR = ";"
_NONE_OF_THEM = ("", ".")
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "."})
_NUMBER_PARTS = re.compile(r"(\d+)")
_TASK_OPTION = "or say --task classification or --task regression"


class ReadLabels(NamedTuple):
    """Labels as ``Labelled`` holds them."""

    task: LabelTask
    labels: NDArray[Any]
    """int64 (n,) or (n, K), or float64 (n, K)."""
    names: tuple[str, ...]
    notes: tuple[str, ...]


def read_labels(
    columns: dict[str, list[str]],
    places: Sequence[str],
    *,
    source: str,
    task: LabelTask | None = None,
    classes: Sequence[str] | None = None,
) -> ReadLabels:
    """Labels of n rows.

    Words and integers are classes; numbers with a fraction are regression targets, but for two values that are whole;
    ``;`` between labels, or several columns of 0 and 1, are multilabel; several columns of numbers are that many
    targets. ``task`` overrides; what was guessed is in ``notes``.

    Args:
        columns: text of the n rows by the name of each label column.
        places: of the n rows, for errors.
        source: file, for errors.
        task: what the labels are; None guesses.
        classes: the classes there may be, in order; None takes those there are, in natural order.

    Raises:
        InputError: a label is missing, not a number where numbers are wanted, NaN or infinite, not one of ``classes``;
            never varies; or the columns are of different tasks.
    """
    found = task or _guess(columns, source)
    labels: NDArray[Any]
    if found == "regression":
        labels, names = _targets(columns, places), tuple(columns)
    elif found == "multilabel":
        labels, names = _several(columns, places, classes)
    elif found == "classification":
        if len(columns) > 1:
            what = f"{len(columns)} label columns ({', '.join(columns)}) for one class a row"
            raise InputError(what, place=source, remedy="give one, or --task multilabel")
        ((column, cells),) = columns.items()
        labels, names = _classes(cells, places, column, classes)
    else:
        raise InputError(f"task {found!r} does not take labels a row", place=source, remedy=_TASK_OPTION)
    refuse_constant(found, labels, names, source)
    return ReadLabels(found, labels, names, () if task else (_told(found, columns, names),))


def natural_key(text: str) -> list[tuple[int, float, str]]:
    """Sorts text as people count: class2 before class10, -1 before 0."""
    number = _number(text)
    if number is not None and not math.isnan(number):
        return [(0, number, text)]
    parts = _NUMBER_PARTS.split(text)
    return [(1, float(part), "") if part.isdigit() else (2, 0.0, part) for part in parts if part]


def _told(task: LabelTask, columns: dict[str, list[str]], names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    of = "targets" if task == "regression" else "classes"
    return f"label {', '.join(columns)}: read as {task}, {of} {shown} (--task says otherwise)"


def _guess(columns: dict[str, list[str]], source: str) -> LabelTask:
    kinds = {name: _kind(cells) for name, cells in columns.items()}
    if len(columns) == 1:
        (kind,) = kinds.values()
        guesses: dict[str, LabelTask] = {"numbers": "regression", "lists": "multilabel"}
        return guesses.get(kind, "classification")
    if set(kinds.values()) == {"yes or no"}:
        return "multilabel"
    if set(kinds.values()) <= {"numbers", "integers"}:
        return "regression"
    told = ", ".join(f"{name} holds {kind}" for name, kind in kinds.items())
    remedy = "give columns of one task: all 0 and 1, or all numbers (--task regression reads them all as numbers)"
    raise InputError(f"label columns of different tasks: {told}", place=source, remedy=remedy)


def _kind(cells: list[str]) -> str:
    """What a column holds, by all its cells but the missing ones."""
    values = {cell for cell in cells if cell.lower() not in _MISSING}
    numbers = [_number(value) for value in values]
    if any(number is None for number in numbers):
        return "lists" if any(_SEPARATOR in value for value in values) else "words"
    if values <= {"0", "1"}:
        return "yes or no"
    whole = all(number is not None and number.is_integer() for number in numbers)
    is_written_whole = all(re.fullmatch(r"[+-]?\d+", value) for value in values)
    return "integers" if is_written_whole or (whole and len(set(numbers)) == 2) else "numbers"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _targets(columns: dict[str, list[str]], places: Sequence[str]) -> NDArray[np.float64]:
    """float64 (n, K)."""
    values = np.empty((len(places), len(columns)))
    for at, (name, cells) in enumerate(columns.items()):
        for row, cell in enumerate(cells):
            number = math.nan if cell.lower() in _MISSING else _number(cell)
            if number is None:
                remedy = "give a number, or --task classification"
                raise InputError(f"label {cell[:40]!r} of {name!r} is not a number", place=places[row], remedy=remedy)
            if not math.isfinite(number):
                what = f"target {name!r} is {cell or 'empty'}"
                raise InputError(what, place=places[row], remedy="leave the row out, or give its value")
            values[row, at] = number
    return values


def _classes(
    cells: list[str], places: Sequence[str], column: str, classes: Sequence[str] | None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    is_numeric = all(_number(cell) is not None for cell in set(cells) if cell.lower() not in _MISSING)
    missing = _MISSING if is_numeric else frozenset({"", "nan", "."})
    for cell, place in zip(cells, places, strict=True):
        if cell.lower() in missing:
            what = f"label {column!r} is {cell or 'empty'}"
            raise InputError(what, place=place, remedy="leave the row out, or give its class")
    if is_numeric and not all(re.fullmatch(r"[+-]?\d+", cell) for cell in set(cells)):
        cells = [f"{float(cell):g}" for cell in cells]
    names = tuple(classes) if classes else tuple(sorted(set(cells), key=natural_key))
    return _indices(cells, places, names), names


def _indices(cells: Sequence[str], places: Sequence[str], names: Sequence[str]) -> NDArray[np.int64]:
    number = {name: index for index, name in enumerate(names)}
    for cell, place in zip(cells, places, strict=True):
        if cell not in number:
            what = f"label {cell[:40]!r} is not one of {', '.join(list(names)[:8])}"
            raise InputError(what, place=place, remedy="correct it, or leave the row out")
    return np.array([number[cell] for cell in cells], dtype=np.int64)


def _several(
    columns: dict[str, list[str]], places: Sequence[str], classes: Sequence[str] | None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """int64 (n, K) of 0 and 1, and the K names."""
    if len(columns) > 1:
        return np.stack([_indices(cells, places, ("0", "1")) for cells in columns.values()], axis=1), tuple(columns)
    ((_, cells),) = columns.items()
    lists = [[] if cell in _NONE_OF_THEM else [part.strip() for part in cell.split(_SEPARATOR)] for cell in cells]
    names = tuple(classes) if classes else tuple(sorted({part for parts in lists for part in parts}, key=natural_key))
    labels = np.zeros((len(cells), len(names)), dtype=np.int64)
    for row, parts in enumerate(lists):
        labels[row, _indices(parts, [places[row]] * len(parts), names)] = 1
    return labels, names
