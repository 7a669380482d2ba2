"""The rows that a recipe names, read by the reader that suits them."""

from dataclasses import replace
from pathlib import Path

from dna_mamba.data.labelled.dataset import Labelled, LabelTask
from dna_mamba.data.labelled.fasta_classes import read_fasta_classes
from dna_mamba.data.labelled.intervals import read_intervals
from dna_mamba.data.labelled.signals import read_signals
from dna_mamba.data.labelled.tables import read_table
from dna_mamba.data.labelled.variants import read_variants
from dna_mamba.errors import InputError
from dna_mamba.training.finetune.sections import DataSection

VARIANT_WINDOW_BP = 512
"""Around a variant, where the recipe says nothing."""
SIGNAL_WINDOW_BP, BIN_BP = 1024, 32
"""Of signals, where the recipe says nothing."""


def read_rows_of(data: DataSection) -> Labelled:
    """Labelled rows.

    Raises:
        InputError: a file cannot be used, or options do not go together; names file, line and remedy.
    """
    if data.variants is not None:
        return _variants(data, data.variants)
    if data.signal:
        return _signals(data)
    if not data.files:
        raise InputError("no table of labelled rows", remedy="give one, a FASTA a class, or --variants")
    if all("=" in file and not Path(file).exists() for file in data.files):
        return read_fasta_classes(data.files)
    if len(data.files) > 1:
        remedy = "give one; FASTA a class are written name=file"
        raise InputError(f"{len(data.files)} tables", place=", ".join(data.files), remedy=remedy)
    if data.task == "variant":
        return _variants(data, data.files[0])
    return _intervals(data) if data.genome else _table(data)


def label_task(data: DataSection) -> LabelTask | None:
    """What the labels of rows are; None guesses."""
    tasks: dict[str, LabelTask] = {
        "classification": "classification",
        "multilabel": "multilabel",
        "regression": "regression",
    }
    return tasks.get(data.task or "")


def _table(data: DataSection) -> Labelled:
    return read_table(
        data.files[0],
        sequence_column=data.sequence_column,
        label_columns=data.label or ("label",),
        id_column=data.id_column,
        group_column=data.group,
        fold_column=data.fold_column,
        chrom_column=data.chrom_column,
        task=label_task(data),
    )


def _intervals(data: DataSection) -> Labelled:
    return read_intervals(
        data.files[0],
        _genome(data),
        label_columns=data.label,
        id_column=data.id_column,
        group_column=data.group,
        fold_column=data.fold_column,
        window_bp=data.window_bp,
        task=label_task(data),
    )


def _variants(data: DataSection, path: str) -> Labelled:
    if len(data.label) > 1:
        raise InputError(f"{len(data.label)} labels of variants", place=", ".join(data.label), remedy="give one")
    return read_variants(
        path,
        _genome(data),
        window_bp=data.window_bp or VARIANT_WINDOW_BP,
        label=data.label[0] if data.label else "INFO/CLASS",
        group=data.group,
        task=label_task(data),
    )


def _signals(data: DataSection) -> Labelled:
    if len(data.files) > 1:
        raise InputError(f"{len(data.files)} files of places", place=", ".join(data.files), remedy="give one")
    if data.group not in (None, "chrom"):
        raise InputError(f"--group {data.group} of windows of a signal", remedy="take chrom, or leave it out")
    windows = read_signals(
        _genome(data),
        data.signal,
        window_bp=data.window_bp or SIGNAL_WINDOW_BP,
        bin_bp=data.bin_bp or BIN_BP,
        intervals=data.files[0] if data.files else None,
    )
    return windows if data.group is None else replace(windows, groups=windows.chroms)


def _genome(data: DataSection) -> str:
    if len(data.genome) != 1:
        remedy = "give the one the places are on with --genome"
        raise InputError(f"{len(data.genome)} genomes", place=", ".join(data.genome) or None, remedy=remedy)
    return data.genome[0]
