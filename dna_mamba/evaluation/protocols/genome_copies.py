"""Tasks whose rows are places of a genome: intervals with labels and a split, and variants with labels."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import decode_bases
from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.data.labelled.genome_windows import column_named, position, read_places, windows_of
from dna_mamba.data.labelled.labels import natural_key
from dna_mamba.data.labelled.rows import TextTable, read_rows
from dna_mamba.data.labelled.variants import read_variants
from dna_mamba.errors import InputError
from dna_mamba.evaluation.protocols.copies import SplitTask
from dna_mamba.evaluation.protocols.registry import PublishedBenchmark, PublishedTask
from dna_mamba.io.fasta import FastaReader
from dna_mamba.sequences.cached_genome import CachedGenome
from dna_mamba.sequences.regions import as_reference

_VARIANT_COLUMNS = ("chrom", "pos", "ref", "alt", "label")


def read_interval_task(folder: Path, task: PublishedTask, protocol: PublishedBenchmark, genome: Path) -> SplitTask:
    """Intervals, 0-based half-open, their letters read when asked for.

    Labels judged by AUROC are lists of numbers of what is there (``0,3,17``), each a label of its own; others are
    classes. The sides are those of the column ``split``, or of the benchmark's test chromosomes.

    Raises:
        InputError: the file or a column is not there, a side has no rows, a label is no number, or a place does not
            lie on the genome.
    """
    path = _file(folder, task)
    table = _renamed(read_rows(path), task.columns)
    reader = as_reference(genome)
    intervals = read_places(table, reader)
    cells = table.column("label", "column")
    classes, labels = _multi_hot(cells, table) if task.metric == "auroc" else _classes(cells)
    chosen = [np.flatnonzero(side) for side in _sides(table, protocol)]
    for side, rows in zip(("train", "test"), chosen, strict=True):
        if not len(rows):
            raise InputError(f"no {side} rows", place=path, remedy="check the copy")
    train, test = (windows_of(reader, [intervals[row] for row in rows], None) for rows in chosen)
    return SplitTask(classes, train, labels[chosen[0]], test, labels[chosen[1]])


def read_variant_task(folder: Path, task: PublishedTask, genome: Path) -> Labelled:
    """Variants with a label of two classes, the windows with either allele read when asked for.

    A table has chrom, pos (1-based), ref, alt and label; BED has start instead of pos, and where it lacks ref, that is
    the genome's base.

    Raises:
        InputError: see ``read_variants``; or there are not two classes.
    """
    path = _file(folder, task)
    reader = as_reference(genome)
    table = read_rows(path)
    if "pos" in table.columns:
        rows = read_variants(path, reader, window_bp=task.window_bp, label="label", task="classification")
    else:
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / "variants.tsv"
            copy.write_text(_with_positions(table, reader), encoding="utf-8")
            rows = read_variants(copy, reader, window_bp=task.window_bp, label="label", task="classification")
    if len(rows.names) != 2:
        raise InputError(f"{len(rows.names)} classes of variants", place=path, remedy="check the copy: there are two")
    return replace(rows, source=str(path))


def _file(folder: Path, task: PublishedTask) -> Path:
    """The file of a task, in the folder of the copy or in ``data`` below it."""
    places = (folder / task.file, folder / "data" / task.file)
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise InputError(f"no {task.file}", place=folder, remedy="check the folder, or download the benchmark")
    return found


def _renamed(table: TextTable, columns: dict[str, str]) -> TextTable:
    theirs = {name: ours for ours, name in columns.items()}
    renamed = {theirs.get(name, name): cells for name, cells in table.columns.items()}
    return TextTable(table.source, renamed, table.places)


def _sides(table: TextTable, protocol: PublishedBenchmark) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows are trained on, and which are tested, (n,) each."""
    if protocol.test_chroms:
        chroms = np.array(column_named(table, "chrom"))
        is_test = np.isin(chroms, protocol.test_chroms)
        return ~is_test & ~np.isin(chroms, protocol.validation_chroms), is_test
    split = np.array(table.column("split", "column"))
    return split == "train", split == "test"


def _classes(cells: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    classes = tuple(sorted(set(cells), key=natural_key))
    number = {name: index for index, name in enumerate(classes)}
    return classes, np.array([number[cell] for cell in cells], dtype=np.int64)


def _multi_hot(cells: Sequence[str], table: TextTable) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    rows = [
        [position(part, place) for part in cell.split(",") if part.strip()]
        for cell, place in zip(cells, table.places, strict=True)
    ]
    n_labels = 1 + max((max(row) for row in rows if row), default=0)
    labels = np.zeros((len(rows), n_labels), dtype=np.int64)
    for row, there in zip(labels, rows, strict=True):
        row[there] = 1
    return tuple(map(str, range(n_labels))), labels


def _with_positions(table: TextTable, reader: FastaReader) -> str:
    """BED of variants as a table of ``read_variants``."""
    chroms, starts = column_named(table, "chrom"), column_named(table, "start")
    places = read_places(table, reader)
    genome = CachedGenome(reader)
    lines = ["\t".join(_VARIANT_COLUMNS)]
    alts, labels = table.column("alt", "column"), table.column("label", "column")
    given = table.columns.get("ref")
    for row, place in enumerate(places):
        ref = given[row] if given else decode_bases(genome.bases(place.chrom, place.start, place.start + 1))
        lines.append("\t".join((chroms[row], str(int(starts[row]) + 1), ref, alts[row], labels[row])))
    return "\n".join(lines) + "\n"
