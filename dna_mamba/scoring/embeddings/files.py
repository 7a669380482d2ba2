"""Embeddings on disk: NumPy archive, Parquet, AnnData, table of text."""

import importlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, get_args

import numpy as np

from dna_mamba.errors import InputError
from dna_mamba.inference.pooling import Pool
from dna_mamba.io.atomic import atomic_output
from dna_mamba.io.paths import STDIO

if TYPE_CHECKING:
    from dna_mamba.scoring.embeddings.table import Embeddings

OutputType = Literal["npz", "parquet", "h5ad", "tsv"]
OUTPUT_TYPES: tuple[OutputType, ...] = get_args(OutputType)
METADATA_KEY = b"dna_mamba"
"""Of the metadata of a Parquet file's schema."""
_LIBRARIES: dict[OutputType, tuple[str, ...]] = {"parquet": ("pyarrow", "pyarrow.parquet"), "h5ad": ("anndata",)}
_ROW_GROUP = 1 << 16


def need(library: str) -> Any:
    """A library of the extra ``tables``. Raises InputError if it is not installed."""
    try:
        return importlib.import_module(library)
    except ImportError:
        name = library.partition(".")[0]
        raise InputError(f"{name} is not installed", remedy="pip install 'dna-mamba[tables]'") from None


def resolve_output_type(path: str | Path, given: OutputType | None) -> OutputType:
    """The format asked for, or the one that the suffix names; text for standard output.

    Raises:
        InputError: neither says.
    """
    if given is not None:
        return given
    if str(path) == STDIO:
        return "tsv"
    suffix = Path(path).suffix.lower().removeprefix(".")
    for known in OUTPUT_TYPES:
        if suffix == known:
            return known
    raise InputError(
        f"suffix {Path(path).suffix!r} names no format of embeddings",
        place=path,
        remedy=f"end it in .{', .'.join(OUTPUT_TYPES)}, or give --output-type",
    )


def check_output_type(path: str | Path, output_type: OutputType, pool: Pool) -> None:
    """Refuse, before any work, what could not be written.

    Raises:
        InputError: a binary format on standard output, positions for AnnData, or a library that is not installed.
    """
    if str(path) == STDIO and output_type != "tsv":
        raise InputError(
            f"{output_type} cannot go to standard output", place="--output", remedy="name a file, or -O tsv"
        )
    if output_type == "h5ad" and pool == "none":
        raise InputError(
            "AnnData holds one vector a sequence", place=path, remedy="choose --pool, or write .npz or .parquet"
        )
    for library in _LIBRARIES.get(output_type, ()):
        need(library)


def write(result: "Embeddings", path: str | Path, output_type: OutputType, *, force: bool = False) -> None:
    """Write the file whole or not at all. Errors are those of ``Embeddings.save``."""
    check_output_type(path, output_type, "none" if result.offsets is not None else "mean")
    writers: dict[OutputType, Callable[[Embeddings, BinaryIO], None]] = {
        "npz": _write_npz,
        "parquet": _write_parquet,
        "h5ad": _write_h5ad,
        "tsv": _write_tsv,
    }
    with atomic_output(path, force=force) as stream:
        writers[output_type](result, stream)


def _write_npz(result: "Embeddings", stream: BinaryIO) -> None:
    from dna_mamba.scoring.embeddings.table import region_columns

    arrays: dict[str, Any] = {"ids": np.array(result.ids, dtype=np.str_), "lengths": result.lengths}
    if result.regions is not None:
        arrays |= region_columns(result.regions)
    if result.offsets is not None:
        arrays["offsets"] = result.offsets
    arrays |= {"embeddings": result.embeddings, "metadata": np.array(json.dumps(result.metadata))}
    np.savez(stream, **arrays)


def _write_parquet(result: "Embeddings", stream: BinaryIO) -> None:
    """One row a vector: the columns of ``Embeddings.columns`` and ``embedding``, a list of C float32."""
    pyarrow, parquet = need("pyarrow"), need("pyarrow.parquet")
    values = pyarrow.array(result.embeddings.reshape(-1))
    columns = {name: pyarrow.array(column) for name, column in result.columns().items()}
    columns["embedding"] = pyarrow.FixedSizeListArray.from_arrays(values, result.embeddings.shape[1])
    table = pyarrow.table(columns).replace_schema_metadata({METADATA_KEY: json.dumps(result.metadata)})
    parquet.write_table(table, stream, row_group_size=_ROW_GROUP)


def _write_h5ad(result: "Embeddings", stream: BinaryIO) -> None:
    """Through the name of the file that is being written: HDF5 opens it itself."""
    result.to_anndata().write_h5ad(stream.name)


def _write_tsv(result: "Embeddings", stream: BinaryIO) -> None:
    """A ``##`` line with the metadata, a header line, one line a vector with nine significant digits."""
    columns = result.columns()
    text = io.TextIOWrapper(stream, "utf-8", newline="\n", write_through=True)
    text.write(f"##dna-mamba_embeddings={json.dumps(result.metadata)}\n")
    text.write("#" + "\t".join([*columns, *result.channels]) + "\n")
    for *labels, vector_C in zip(*columns.values(), result.embeddings, strict=True):
        text.write("\t".join([*map(str, labels), *(f"{value:.9g}" for value in vector_C)]) + "\n")
    text.detach()
