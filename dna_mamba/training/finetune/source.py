"""The rows that a recipe names, read by the reader that suits them."""

from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.data.labelled.tables import read_table
from dna_mamba.errors import InputError
from dna_mamba.training.finetune.recipe import DataSection


def read_rows_of(data: DataSection) -> Labelled:
    """Labelled rows.

    Raises:
        InputError: a file cannot be used; names file, line and remedy.
    """
    if len(data.files) != 1:
        raise InputError(f"{len(data.files)} tables", place=", ".join(data.files), remedy="give one")
    return read_table(
        data.files[0],
        sequence_column=data.sequence_column,
        label_columns=data.label or ("label",),
        id_column=data.id_column,
        group_column=data.group,
        fold_column=data.fold_column,
        task=data.task,  # type: ignore[arg-type]
    )
