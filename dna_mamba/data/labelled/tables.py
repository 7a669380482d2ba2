"""A table with a sequence and a label a row."""

from collections.abc import Sequence
from pathlib import Path

from dna_mamba.alphabet import Codes, encode_bases
from dna_mamba.data.labelled.dataset import Labelled, LabelTask, content_sha256, refuse_repeated
from dna_mamba.data.labelled.labels import read_labels
from dna_mamba.data.labelled.rows import TextTable, read_rows
from dna_mamba.errors import InputError

_MOST_ODD = 0.5
_CERTAIN = b"ACGTUNacgtun"


def read_table(
    path: str | Path,
    *,
    sequence_column: str = "sequence",
    label_columns: Sequence[str] = ("label",),
    id_column: str | None = None,
    group_column: str | None = None,
    fold_column: str | None = None,
    chrom_column: str | None = None,
    task: LabelTask | None = None,
    classes: Sequence[str] | None = None,
) -> Labelled:
    """Rows of a TSV, CSV or Parquet file with a header.

    Args:
        path: file, or ``-``; text may be packed with gzip.
        sequence_column: DNA or RNA in IUPAC letters, lower case kept.
        label_columns: one column, or several of 0 and 1 or of numbers.
        id_column: names of rows; by default ``id`` if there is such a column and no two rows share one, which is
            noted; otherwise rows are counted from 1.
        group_column: rows of equal text stay together.
        fold_column: the fold that each row is tested in, or ``train``, ``validation``, ``test``.
        chrom_column: contig of each row.
        task: what the labels are; None guesses.
        classes: the classes there may be; None takes those there are.

    Raises:
        InputError: no such column, ragged rows, an empty sequence or one of other letters (gaps, blanks, protein), an
            id that occurs twice, or labels that cannot be learnt; names file and line.
    """
    table = read_rows(path)
    sequences = read_letters(table, sequence_column)
    labels = read_labels(
        {name: table.column(name, "--label") for name in label_columns},
        table.places,
        source=table.source,
        task=task,
        classes=classes,
    )
    ids, told = row_ids(table, id_column)
    cells = map("\t".join, zip(*(table.columns[name] for name in label_columns), strict=True))

    def optional(name: str | None, option: str) -> list[str] | None:
        return None if name is None else _without_gaps(table, name, option)

    return Labelled(
        task=labels.task,
        ids=ids,
        sequences=sequences,
        labels=labels.labels,
        names=labels.names,
        source=table.source,
        sha256=content_sha256(ids, cells, sequences),
        groups=optional(group_column, "--group"),
        folds=optional(fold_column, "--fold-column"),
        chroms=optional(chrom_column, "--chrom-column"),
        places=tuple(table.places),
        notes=(*labels.notes, *told),
    )


def read_letters(table: TextTable, column: str, option: str = "--sequence-column") -> list[Codes]:
    """Base codes of each row, uint8 (L,). Raises InputError for an empty cell, or letters that are not IUPAC codes."""
    sequences = []
    n_odd = n_letters = 0
    for cell, place in zip(table.column(column, option), table.places, strict=True):
        if not cell.strip():
            raise InputError(f"column {column!r} is empty", place=place, remedy="give a sequence, or remove the row")
        sequences.append(encode_bases(cell, place=place))
        n_letters += len(cell)
        n_odd += len(cell.encode().translate(None, _CERTAIN))
    if n_odd > _MOST_ODD * n_letters:
        what = f"{n_odd / n_letters:.0%} of the letters in {column!r} are ambiguity codes, as in protein"
        raise InputError(what, place=table.source, remedy="give DNA sequences")
    return sequences


def row_ids(table: TextTable, column: str | None, option: str = "--id-column") -> tuple[list[str], tuple[str, ...]]:
    """Names of the rows, and what to say of them.

    Raises:
        InputError: a column was asked for and there is none of that name, or it has an empty or a repeated one.
    """
    counted = [str(number) for number in range(1, len(table) + 1)]
    if column is not None:
        ids = _without_gaps(table, column, option)
        refuse_repeated(ids, table.places)
        return ids, ()
    if "id" not in table.columns:
        return counted, ()
    ids = table.columns["id"]
    if len(set(ids)) == len(ids) and "" not in ids:
        return ids, ()
    return counted, (f"{table.source}: column 'id' is not different in each row: rows are called by number",)


def _without_gaps(table: TextTable, name: str, option: str) -> list[str]:
    cells = table.column(name, option)
    for cell, place in zip(cells, table.places, strict=True):
        if not cell.strip():
            raise InputError(f"column {name!r} is empty", place=place, remedy="fill it in, or leave the row out")
    return cells
