"""Rows of a table with a header: tab- or comma-separated text (plain, gzip, BGZF), or Parquet."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from dna_mamba.errors import InputError
from dna_mamba.extras import need
from dna_mamba.io.paths import display_name
from dna_mamba.io.text_input import bare_carriage_return, open_text

_PARQUET_MAGIC = b"PAR1"
_LONGEST_FIELD = 1 << 30
_BED_COLUMNS = ("chrom", "start", "end", "name", "score", "strand")


@dataclass(frozen=True)
class TextTable:
    """Columns of text by name, and where each row stands."""

    source: str
    columns: dict[str, list[str]]
    places: list[str]

    def __len__(self) -> int:
        return len(self.places)

    def column(self, name: str, option: str) -> list[str]:
        """The cells of a column. Raises InputError if there is none of that name; names those there are."""
        if name in self.columns:
            return self.columns[name]
        there = ", ".join(map(repr, list(self.columns)[:12]))
        if any(_is_sequence(column) for column in self.columns):
            what = "the first line holds a sequence, not the names of the columns"
            raise InputError(what, place=f"{self.source}:1", remedy="add a header line such as: sequence, label")
        alike = [column for column in self.columns if column.strip().lower() == name.lower()]
        remedy = f"give {option} {alike[0]!r}" if alike else f"choose with {option} among {there}"
        raise InputError(f"no column {name!r}", place=self.source, remedy=remedy)


def read_rows(path: str | Path, *, bed: bool = False, may_be_empty: bool = False) -> TextTable:
    """A table whose first line names its columns.

    Args:
        path: file, or ``-``; text may be packed with gzip.
        bed: the first line may be data, as in BED; columns are then chrom, start, end, name, score, strand, 7, 8, ...
        may_be_empty: take a header without rows.

    Raises:
        InputError: the file cannot be read, is empty, has no header or no rows, or a row is longer or shorter than
            the first line; names file and line.
    """
    name = display_name(path)
    with open_text(path) as stream:
        if stream.peek(len(_PARQUET_MAGIC)).startswith(_PARQUET_MAGIC):
            return _parquet(path, name, may_be_empty)
        lines = _lines(stream, name)
        try:
            number, header = next(lines)
        except StopIteration:
            raise InputError("is empty", place=name, remedy="give a table with a header line") from None
        separator = _separator(header, f"{name}:{number}")
        names = [column.strip() for column in _cells(header, separator, f"{name}:{number}")]
        if bed and all(cell.isdigit() for cell in names[1:3]) and len(names) > 2:
            names = [*_BED_COLUMNS[: len(names)], *map(str, range(len(_BED_COLUMNS) + 1, len(names) + 1))]
            lines = chain([(number, header)], lines)
        _check_header(names, f"{name}:{number}")
        columns: list[list[str]] = [[] for _ in names]
        places: list[str] = []
        for number, line in lines:
            place = f"{name}:{number}"
            cells = _cells(line, separator, place)
            if len(cells) != len(names):
                what = f"{len(cells)} columns, the first line has {len(names)}"
                raise InputError(what, place=place, remedy="a cell is missing or too many: correct the line")
            for column, cell in zip(columns, cells, strict=True):
                column.append(cell.strip("\t\r"))
            places.append(place)
    if not places and not may_be_empty:
        raise InputError("has no rows after its header", place=name, remedy="give labelled sequences")
    return TextTable(name, dict(zip(names, columns, strict=True)), places)


def _lines(stream: Iterator[bytes], name: str) -> Iterator[tuple[int, str]]:
    """Lines that hold anything, with their numbers from 1; comments before the header are skipped."""
    began = False
    for number, raw in enumerate(stream, start=1):
        if b"\r" in raw.rstrip(b"\r\n"):
            raise bare_carriage_return(f"{name}:{number}")
        line = raw.decode("utf-8", errors="surrogateescape").rstrip("\r\n")
        if not line.strip() or (line.startswith(("##", "track ", "browser ")) and not began):
            continue
        yield number, line if began else line.removeprefix("#")
        began = True


def _separator(header: str, place: str) -> str:
    for separator in ("\t", ","):
        if separator in header:
            return separator
    if ";" in header:
        raise InputError("columns are separated by ';'", place=place, remedy="separate them by tabs or commas")
    if header.startswith(">"):
        remedy = "give FASTA a class as name=file, or a table with the columns sequence and label"
        raise InputError("is FASTA, which holds no labels", place=place, remedy=remedy)
    return "\t"


def _cells(line: str, separator: str, place: str) -> list[str]:
    if '"' not in line:
        return line.split(separator)
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error as error:
        raise InputError(f"quotes do not match ({error})", place=place, remedy="correct the line") from None


def _check_header(names: Sequence[str], place: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"column {name!r} appears twice", place=place, remedy="rename one of them")


def _is_sequence(text: str) -> bool:
    return len(text) >= 8 and not text.upper().strip("ACGTUN")


def _parquet(path: str | Path, name: str, may_be_empty: bool) -> TextTable:
    parquet = need("pyarrow.parquet", what=f"{name}: Parquet", instead="give TSV")
    try:
        table = parquet.read_table(path)
    except (OSError, ValueError) as error:  # pyarrow's errors are of these
        reason = str(error).splitlines()[0]
        raise InputError(f"damaged Parquet ({reason})", place=name, remedy="copy or make the file again") from None
    columns = {column: [_cell(value) for value in table[column].to_pylist()] for column in table.column_names}
    if not table.num_rows and not may_be_empty:
        raise InputError("has no rows", place=name, remedy="give labelled sequences")
    return TextTable(name, columns, [f"{name}: row {row}" for row in range(1, table.num_rows + 1)])


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)
