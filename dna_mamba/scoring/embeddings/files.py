"""Embeddings on disk: NumPy archive, Parquet, AnnData, table of text."""

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.extras import need
from dna_mamba.inference.pooling import Pool
from dna_mamba.io.atomic import atomic_output
from dna_mamba.io.paths import STDIO

if TYPE_CHECKING:
    import anndata
    import pandas

OutputType = Literal["npz", "parquet", "h5ad", "tsv"]
OUTPUT_TYPES: tuple[OutputType, ...] = get_args(OutputType)
METADATA_KEY = b"dna_mamba"
"""Of the metadata of a Parquet file's schema."""
_LIBRARIES: dict[OutputType, tuple[str, ...]] = {"parquet": ("pyarrow", "pyarrow.parquet"), "h5ad": ("anndata",)}
_ROW_GROUP = 1 << 16


class Vectors(NamedTuple):
    """Rows to write.

    Attributes:
        labels: what each row is, by name of the column, (N,) each.
        embeddings: float32 (N, C).
        metadata: of all of them, ready for JSON.
        arrays: what a NumPy archive holds in place of ``labels``.
    """

    labels: Mapping[str, NDArray[Any]]
    embeddings: NDArray[np.float32]
    metadata: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]

    @property
    def channels(self) -> list[str]:
        """Names of the columns of ``embeddings``: ``e0``, ``e1`` and so on."""
        return [f"e{index}" for index in range(self.embeddings.shape[1])]


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


def write(vectors: Vectors, path: str | Path, output_type: OutputType, *, force: bool = False) -> None:
    """Write the file whole or not at all.

    Raises:
        InputError: the file exists and not ``force``, or the library that writes the format is not installed.
        MachineError: the disk is full.
    """
    writers: dict[OutputType, Callable[[Vectors, BinaryIO], None]] = {
        "npz": _write_npz,
        "parquet": _write_parquet,
        "h5ad": _write_h5ad,
        "tsv": _write_tsv,
    }
    with atomic_output(path, force=force) as stream:
        writers[output_type](vectors, stream)


def to_frame(vectors: Vectors) -> "pandas.DataFrame":
    """Labels, then one float32 column a channel; metadata in ``attrs``. Raises InputError without pandas."""
    pd = need("pandas", what="a data frame")
    numbers = pd.DataFrame(vectors.embeddings, columns=vectors.channels)
    frame: pandas.DataFrame = pd.concat([pd.DataFrame(vectors.labels), numbers], axis=1)
    frame.attrs = {"metadata": vectors.metadata}
    return frame


def to_anndata(vectors: Vectors) -> "anndata.AnnData":
    """One observation a row, named by ``id`` where these are unique. Raises InputError without anndata."""
    ad, pd = need("anndata"), need("pandas")
    labels = _utf8_labels(vectors)
    ids = labels["id"].tolist()
    names = ids if len(set(ids)) == len(ids) else [str(row) for row in range(len(ids))]
    obs = pd.DataFrame(labels).set_index(pd.Index(names, dtype=object))
    var = pd.DataFrame(index=pd.Index(vectors.channels, dtype=object))
    uns = {"dna_mamba": json.dumps(vectors.metadata)}
    table: anndata.AnnData = ad.AnnData(vectors.embeddings, obs=obs, var=var, uns=uns)
    return table


def _utf8_labels(vectors: Vectors) -> dict[str, NDArray[Any]]:
    """Labels for formats whose text is UTF-8: other bytes of a name, which came as surrogates, are replaced."""
    labels = dict(vectors.labels)
    for name, column in labels.items():
        if column.dtype.kind == "U":
            labels[name] = np.array([_as_utf8(text) for text in column.tolist()], dtype=np.str_)
    return labels


def _as_utf8(text: str) -> str:
    return text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")


def _write_npz(vectors: Vectors, stream: BinaryIO) -> None:
    metadata = np.array(json.dumps(vectors.metadata))
    arrays: dict[str, Any] = {**vectors.arrays, "embeddings": vectors.embeddings, "metadata": metadata}
    np.savez(stream, **arrays)


def _write_parquet(vectors: Vectors, stream: BinaryIO) -> None:
    """One row a vector: the labels and ``embedding``, a list of C float32."""
    pyarrow, parquet = need("pyarrow"), need("pyarrow.parquet")
    values = pyarrow.array(vectors.embeddings.reshape(-1))
    columns = {name: pyarrow.array(column) for name, column in _utf8_labels(vectors).items()}
    columns["embedding"] = pyarrow.FixedSizeListArray.from_arrays(values, vectors.embeddings.shape[1])
    table = pyarrow.table(columns).replace_schema_metadata({METADATA_KEY: json.dumps(vectors.metadata)})
    parquet.write_table(table, stream, row_group_size=_ROW_GROUP)


def _write_h5ad(vectors: Vectors, stream: BinaryIO) -> None:
    """Through the name of the file that is being written: HDF5 opens it itself."""
    to_anndata(vectors).write_h5ad(stream.name)


def _write_tsv(vectors: Vectors, stream: BinaryIO) -> None:
    """A ``##`` line with the metadata, a header line, one line a vector with nine significant digits."""
    text = io.TextIOWrapper(stream, "utf-8", errors="surrogateescape", newline="\n", write_through=True)
    text.write(f"##dna-mamba_embeddings={json.dumps(vectors.metadata)}\n")
    text.write("#" + "\t".join([*vectors.labels, *vectors.channels]) + "\n")
    for *labels, vector_C in zip(*vectors.labels.values(), vectors.embeddings, strict=True):
        text.write("\t".join([*map(str, labels), *(f"{value:.9g}" for value in vector_C)]) + "\n")
    text.detach()
