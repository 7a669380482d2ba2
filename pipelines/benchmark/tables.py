"""Sets as they are distributed become tables of two columns and an id, which ``dna-mamba finetune`` reads."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dna_mamba.data.labelled.rows import TextTable, read_rows
from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output
from dna_mamba.io.fasta import read_sequences
from pipelines.benchmark.plan import Bins, Limit, TaskSet

NO_LIMIT = Limit()
"""All rows."""


class TableRow(NamedTuple):
    """A sequence with its label as text."""

    id: str
    sequence: str
    label: str


def write_table(task_set: TaskSet, data: Path, target: Path, limit: Limit = NO_LIMIT) -> int:
    """``id``, ``sequence`` and ``label`` of a set in one TSV file; how many rows.

    Args:
        task_set: which files.
        data: the folder that their paths start from.
        target: the table; one that is there is replaced.
        limit: of the rows.

    Raises:
        InputError: a file cannot be read or lacks a column.
    """
    rows = list(_of_table(task_set, data) if task_set.table is not None else _of_classes(task_set, data))
    rows = sampled(rows, task_set.max_rows)
    rows = sampled(rows, limit.rows_of(len(rows), sum(len(row.sequence) for row in rows)))
    with atomic_output(target, force=True) as stream:
        stream.write(b"id\tsequence\tlabel\n")
        for row in rows:
            stream.write(("\t".join(row) + "\n").encode())
    return len(rows)


def sampled(rows: list[TableRow], max_rows: int | None) -> list[TableRow]:
    """At most so many rows by chance, the same each time, in their order."""
    if max_rows is None or len(rows) <= max_rows:
        return rows
    chosen = np.random.default_rng(0).choice(len(rows), size=max_rows, replace=False)
    return [rows[index] for index in np.sort(chosen)]


def _of_classes(task_set: TaskSet, data: Path) -> Iterator[TableRow]:
    for label, files in task_set.classes.items():
        number = 0
        for file in files:
            for record in read_sequences(data / file):
                number += 1
                yield TableRow(f"{label}/{number}", record.sequence.decode("ascii"), label)


def _of_table(task_set: TaskSet, data: Path) -> Iterator[TableRow]:
    table = read_rows(data / str(task_set.table))
    sequences = table.column(task_set.sequence, "sequence:")
    labels = mean_bins(table, task_set.bins) if task_set.bins else table.column(task_set.label, "label:")
    for number, (sequence, label) in enumerate(zip(sequences, labels, strict=True), start=1):
        if label is not None:
            yield TableRow(str(number), sequence, label)


def mean_bins(table: TextTable, bins: Bins) -> list[str | None]:
    """The mean bin of each row, counted from 0 and weighted by reads; None for a row without reads.

    Raises:
        InputError: a count is no number, or below 0; names its place.
    """
    columns = [table.column(name, "bins:") for name in bins.columns]
    means: list[str | None] = []
    for place, *cells in zip(table.places, *columns, strict=True):
        try:
            counts = [float(cell) for cell in cells]
        except ValueError:
            raise InputError(f"counts {cells} are not numbers", place=place, remedy="correct them") from None
        if min(counts) < 0:
            raise InputError(f"counts {cells} are below 0", place=place, remedy="correct them")
        total = sum(counts)
        mean = sum(number * count for number, count in enumerate(counts)) / total if total else None
        means.append(None if mean is None else f"{mean:.6g}")
    return means
