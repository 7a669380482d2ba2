"""Intervals of a genome with labels: BED, or a table with the columns chrom, start and end."""

from collections.abc import Sequence
from pathlib import Path

from dna_mamba.data.labelled.dataset import Labelled, LabelTask, content_sha256, refuse_repeated
from dna_mamba.data.labelled.genome_windows import place_ids, read_places, windows_of
from dna_mamba.data.labelled.labels import read_labels
from dna_mamba.data.labelled.rows import read_rows
from dna_mamba.data.labelled.tables import row_ids
from dna_mamba.io.fasta import FastaReader
from dna_mamba.sequences.regions import as_reference


def read_intervals(
    path: str | Path,
    genome: FastaReader | str | Path,
    *,
    label_columns: Sequence[str] = (),
    id_column: str | None = None,
    group_column: str | None = None,
    fold_column: str | None = None,
    window_bp: int | None = None,
    task: LabelTask | None = None,
    classes: Sequence[str] | None = None,
) -> Labelled:
    """Intervals, 0-based half-open, with the letters of the genome; those of strand ``-`` are reverse-complemented.

    Args:
        path: BED, where labels are in column 4 (``name``) unless ``label_columns`` says ``score`` or the number of
            another one; or a table with a header: chrom, start, end, strand where there is one, and labels.
        genome: open, or FASTA, GenBank or EMBL.
        label_columns: default ``label`` where a header names it, otherwise ``name``.
        id_column: names of rows; default ``chrom:start-end`` with 1-based inclusive positions.
        group_column: as of ``read_table``; ``chrom`` keeps contigs together.
        fold_column: as of ``read_table``.
        window_bp: windows of this length around the middle of each interval, N past the contig's ends; None takes the
            intervals as they are.
        task: what the labels are; None guesses.
        classes: the classes there may be; None takes those there are.

    Raises:
        InputError: see ``read_places`` and ``read_labels``; or an interval stands in two rows.
    """
    table = read_rows(path, bed=True)
    reader = as_reference(genome)
    intervals = read_places(table, reader)
    columns = label_columns or (("label",) if "label" in table.columns else ("name",))
    labels = read_labels(
        {name: table.column(name, "--label") for name in columns},
        table.places,
        source=table.source,
        task=task,
        classes=classes,
    )
    told: tuple[str, ...] = ()
    if id_column is None:
        ids = place_ids(intervals)
        refuse_repeated(ids, table.places)
    else:
        ids, told = row_ids(table, id_column)
    windows = windows_of(reader, intervals, window_bp)
    cells = map("\t".join, zip(*(table.columns[name] for name in columns), strict=True))
    chroms = [interval.chrom for interval in intervals]
    groups = None
    if group_column is not None:
        groups = chroms if group_column == "chrom" else table.column(group_column, "--group")
    return Labelled(
        task=labels.task,
        ids=ids,
        sequences=windows,
        labels=labels.labels,
        names=labels.names,
        source=table.source,
        sha256=content_sha256(ids, cells, windows),
        groups=groups,
        folds=None if fold_column is None else table.column(fold_column, "--fold-column"),
        chroms=chroms,
        places=tuple(table.places),
        notes=(*labels.notes, *told),
    )
