"""Local copies of benchmarks, in the layouts in which they are distributed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, encode_bases
from dna_mamba.data.labelled.labels import natural_key
from dna_mamba.data.labelled.rows import read_rows
from dna_mamba.data.labelled.tables import read_letters
from dna_mamba.errors import InputError

_SUFFIXES = (".tsv", ".csv", ".parquet", ".tsv.gz", ".csv.gz")
_SEQUENCE_COLUMNS, _LABEL_COLUMNS = ("sequence", "text", "seq"), ("label", "target", "class")
Side = Literal["train", "test"]


class SplitTask(NamedTuple):
    """Sequences of both sides, and labels, int64: (n,) numbers of ``classes``, or (n, K) of 0 and 1."""

    classes: tuple[str, ...]
    train: Sequence[Codes]
    train_labels: NDArray[np.int64]
    test: Sequence[Codes]
    test_labels: NDArray[np.int64]


class _Labelled(NamedTuple):
    sequences: list[Codes]
    labels: list[str]


def read_task(folder: Path, task: str) -> SplitTask:
    """One task of a benchmark in ``folder``.

    ``TASK/train.csv`` and ``TASK/test.csv`` (or TSV, Parquet) with the columns sequence and label; ``TASK.csv`` with a
    column ``split`` beside them; or, as Genomic Benchmarks has it, ``TASK/train/CLASS/*.txt`` with a sequence a file.

    Raises:
        InputError: there is none of these, a column is not there, or the test rows have a class that is not trained.
    """
    one = next((file for file in _files(folder / task) if file.is_file()), None)
    train, test = (_of_table(one, side) if one else _of_folder(folder / task, side) for side in ("train", "test"))
    classes = tuple(sorted(set(train.labels), key=natural_key))
    for name in sorted(set(test.labels) - set(classes)):
        raise InputError(f"class {name!r} is in test, not in train", place=folder / task, remedy="check the copy")
    if len(classes) < 2:
        raise InputError("has one class", place=folder / task, remedy="check the copy")
    number = {name: index for index, name in enumerate(classes)}

    def numbered(labels: Sequence[str]) -> NDArray[np.int64]:
        return np.array([number[label] for label in labels], dtype=np.int64)

    return SplitTask(classes, train.sequences, numbered(train.labels), test.sequences, numbered(test.labels))


def _files(stem: Path) -> list[Path]:
    return [stem.with_name(stem.name + suffix) for suffix in _SUFFIXES]


def _of_folder(folder: Path, side: Side) -> _Labelled:
    table = next((file for file in _files(folder / side) if file.is_file()), None)
    if table is not None:
        return _of_table(table, None)
    files = sorted((folder / side).glob("*/*.txt"), key=lambda file: (file.parent.name, natural_key(file.name)))
    if not files:
        remedy = f"give {folder.name}/{side}.csv, {folder.name}.csv with a column split, or {side}/CLASS/*.txt"
        raise InputError(f"no {side} rows of {folder.name}", place=folder, remedy=remedy)
    texts = [file.read_text(encoding="ascii", errors="replace").strip() for file in files]
    letters = [encode_bases(text, place=str(file)) for text, file in zip(texts, files, strict=True)]
    return _Labelled(letters, [file.parent.name for file in files])


def _of_table(path: Path, side: Side | None) -> _Labelled:
    """Rows of a table; with ``side`` those whose column ``split`` says so."""
    table = read_rows(path)
    sequence, label = (_first_of(names, table.columns) for names in (_SEQUENCE_COLUMNS, _LABEL_COLUMNS))
    letters, labels = read_letters(table, sequence, "column"), table.column(label, "column")
    if side is None:
        return _Labelled(letters, labels)
    split = table.column("split", "column")
    chosen = [index for index, cell in enumerate(split) if cell == side]
    if not chosen:
        raise InputError(f"no row has split {side!r}", place=path, remedy="check the copy")
    return _Labelled([letters[index] for index in chosen], [labels[index] for index in chosen])


def _first_of(names: Sequence[str], columns: dict[str, Any]) -> str:
    return next((name for name in names if name in columns), names[0])
