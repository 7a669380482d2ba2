"""What every reader of labelled data gives: ids, sequences and labels in order, and how the rows belong together."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, decode_bases
from dna_mamba.errors import InputError

LabelTask = Literal["classification", "multilabel", "regression", "bases", "tracks"]
"""What is learnt of a row: a class, some of several classes, numbers, a class a base, or numbers a bin of bases."""

Labels = NDArray[Any] | Sequence[NDArray[Any]]


@dataclass(frozen=True)
class Labelled:
    """n rows: sequences, or variants, with their labels.

    Attributes:
        task: what the labels are.
        ids: unique names of the rows.
        sequences: base codes of each row, uint8 (L,), soft-mask bits kept; may be read only when asked for. Of variants
            the window with REF.
        labels: int64 (n,) for classification, an index into ``names``; int64 (n, K) of 0 and 1 for multilabel;
            float64 (n, K) for regression; int64 (L,) each for bases; float32 (bins, K) each for tracks.
        names: of the classes or of the K targets.
        source: file or files, for messages.
        sha256: of ids, letters and labels, whatever the file's format or packing.
        groups: a group of each row; rows of one group are never on two sides of a fold.
        folds: what a column says of each row, as text.
        chroms: the contig of each row, where rows lie on a genome.
        alternatives: of variants, the windows with ALT, as ``sequences``; otherwise None.
        places: where each row stands in the source (``data.tsv:12``), or empty.
        notes: what was guessed or left out, one line each.
    """

    task: LabelTask
    ids: list[str]
    sequences: Sequence[Codes]
    labels: Labels
    names: tuple[str, ...]
    source: str
    sha256: str
    groups: list[str] | None = None
    folds: list[str] | None = None
    chroms: list[str] | None = None
    alternatives: Sequence[Codes] | None = None
    places: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def is_variants(self) -> bool:
        """Whether rows are pairs of windows, with REF and with ALT."""
        return self.alternatives is not None

    def label_array(self) -> NDArray[Any]:
        """The labels as one array. Raises TypeError for labels a base, whose rows differ in length."""
        if not isinstance(self.labels, np.ndarray):
            raise TypeError(f"labels of task {self.task!r} are an array a row")
        return self.labels

    def place(self, row: int) -> str:
        """Where a row stands, for an error."""
        return self.places[row] if self.places else f"{self.source}: {self.ids[row]!r}"

    def take(self, rows: NDArray[np.int64]) -> Self:
        """These rows, in this order, sequences still read only when asked for."""
        chosen = [int(row) for row in rows]
        labels = self.labels[rows] if isinstance(self.labels, np.ndarray) else [self.labels[row] for row in chosen]

        def some(values: list[str] | None) -> list[str] | None:
            return None if values is None else [values[row] for row in chosen]

        return replace(
            self,
            ids=[self.ids[row] for row in chosen],
            sequences=ChosenSequences(self.sequences, chosen),
            labels=labels,
            groups=some(self.groups),
            folds=some(self.folds),
            chroms=some(self.chroms),
            alternatives=None if self.alternatives is None else ChosenSequences(self.alternatives, chosen),
            places=tuple(self.places[row] for row in chosen) if self.places else (),
        )


class ChosenSequences(Sequence[Codes]):
    """Some sequences of others, read when asked for."""

    def __init__(self, sequences: Sequence[Codes], rows: Sequence[int]) -> None:
        self._sequences = sequences
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return ChosenSequences(self._sequences, self._rows[index])
        return self._sequences[self._rows[index]]


def refuse_repeated(ids: Sequence[str], places: Sequence[str]) -> None:
    """Raise InputError for an id of two rows; names both places."""
    first: dict[str, str] = {}
    for name, place in zip(ids, places, strict=True):
        if name in first:
            what = f"id {name!r} is that of {first[name]} too"
            raise InputError(what, place=place, remedy="give each row an id of its own")
        first[name] = place


def refuse_constant(task: LabelTask, labels: NDArray[Any], names: Sequence[str], source: str) -> None:
    """Raise InputError where there is nothing to learn: no rows, one class, or a target that never varies."""
    if not len(labels):
        raise InputError("has no rows", place=source, remedy="give labelled sequences")
    columns = labels.reshape(len(labels), -1).T
    for name, column in zip(names if len(columns) > 1 or task == "regression" else [""], columns, strict=False):
        if (column == column[0]).all():
            value = names[int(column[0])] if task == "classification" else f"{column[0]:g}"
            what = f"label {name or value!r} never varies: all {len(labels):,} rows have {value}"
            raise InputError(what, place=source, remedy="give at least two classes or values, or another label column")


def class_counts(labelled: Labelled) -> dict[str, int]:
    """Rows of each class, by name; of each label of a multilabel task."""
    labels = labelled.label_array()
    if labelled.task == "multilabel":
        return dict(zip(labelled.names, labels.sum(0).tolist(), strict=True))
    counts = Counter(labels.tolist())
    return {name: counts[index] for index, name in enumerate(labelled.names)}


def content_sha256(ids: Sequence[str], cells: Iterable[str], *sequences: Sequence[Codes]) -> str:
    """SHA-256 of rows: id, label as text, and the letters of one or two sequences."""
    digest = hashlib.sha256()
    for name, cell, *codes in zip(ids, cells, *sequences, strict=True):
        letters = "\t".join(decode_bases(part) for part in codes)
        digest.update(f"{name}\t{cell}\t{letters}\n".encode("utf-8", errors="surrogateescape"))
    return digest.hexdigest()
