"""Rows of tables: numbers as text, and the same rows as Parquet, typed; numbers with a point are float32."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from dna_mamba.errors import InputError
from dna_mamba.extras import need

MISSING = "."
_HEADER = b"dna-mamba_header"
_ROWS_A_GROUP = 1 << 16


def format_number(value: float | None) -> str:
    """Nine significant digits, which tell any two float32 apart; ``.`` for none."""
    return MISSING if value is None else f"{np.float32(value):.9g}"


def need_pyarrow() -> tuple[Any, Any]:
    """``pyarrow`` and ``pyarrow.parquet``. Raises InputError, which names the extra, where they are not installed."""
    return need("pyarrow"), need("pyarrow.parquet")


@contextmanager
def parquet_lines(
    stream: BinaryIO, header: Sequence[str], *, integers: Collection[str] = (), floats: Collection[str] = ()
) -> Iterator[Callable[[str], None]]:
    """Yields a function that takes lines of the text table.

    What stands above the text table, and its column names, is the schema's metadata ``dna-mamba_header``. Letters that
    are not UTF-8 become U+FFFD.

    Args:
        stream: what is written to.
        header: lines of the text table, the column names last.
        integers: names of columns that are int64 and never null.
        floats: names of columns that are float32; all else is text, and ``.`` is null.

    Raises:
        InputError: pyarrow is not installed.
    """
    pyarrow, parquet = need_pyarrow()
    names = header[-1].removeprefix("#").split("\t")
    types = {**dict.fromkeys(integers, pyarrow.int64()), **dict.fromkeys(floats, pyarrow.float32())}
    fields = [pyarrow.field(name, types.get(name, pyarrow.string()), name not in integers) for name in names]
    schema = pyarrow.schema(fields, metadata={_HEADER: _as_utf8("\n".join(header))})
    rows: list[list[str]] = []
    with parquet.ParquetWriter(stream, schema, compression="zstd", write_page_checksum=True) as writer:

        def flush() -> None:
            columns = zip(*rows, strict=True) if rows else [()] * len(names)
            arrays = [_array(pyarrow, field.type, cells) for field, cells in zip(schema, columns, strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
            rows.clear()

        def write(line: str) -> None:
            rows.append(line.split("\t"))
            if len(rows) == _ROWS_A_GROUP:
                flush()

        yield write
        if rows:
            flush()


def _array(pyarrow: Any, kind: Any, cells: Sequence[str]) -> Any:
    convert = int if kind == pyarrow.int64() else float if kind == pyarrow.float32() else _readable
    return pyarrow.array([None if cell == MISSING else convert(cell) for cell in cells], kind)


def _readable(text: str) -> str:
    return text if text.isascii() else _as_utf8(text).decode()


def _as_utf8(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace").encode()


def read_parquet_header(path: str | Path) -> list[str]:
    """The header lines of a table that ``parquet_lines`` wrote. Raises InputError where it did not."""
    pyarrow, parquet = need_pyarrow()
    try:
        metadata = parquet.read_schema(path).metadata or {}
        header: list[str] = metadata[_HEADER].decode().split("\n")
        return header
    except (OSError, pyarrow.ArrowException, KeyError):
        raise InputError("is not a Parquet table of this program", place=path) from None


def read_parquet_lines(path: str | Path) -> Iterator[str]:
    """Its rows as lines of the text table. Raises InputError for a damaged file."""
    pyarrow, parquet = need_pyarrow()
    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as table:
            is_number = [field.type == pyarrow.float32() for field in table.schema_arrow]
            for batch in table.iter_batches(_ROWS_A_GROUP):
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    yield "\t".join(map(_cell, row, is_number))
    except (OSError, pyarrow.ArrowException) as error:
        what = f"damaged ({' '.join(str(error).split())[:200]})"
        raise InputError(what, place=path, remedy="make this file again") from None


def _cell(value: Any, is_number: bool) -> str:
    return format_number(value) if is_number else MISSING if value is None else str(value)
