"""Vectors of sequences with what they are vectors of, as arrays, as a data frame, as AnnData."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.scoring.embeddings.files import (
    OutputType,
    Vectors,
    check_output_type,
    resolve_output_type,
    to_anndata,
    to_frame,
    write,
)

if TYPE_CHECKING:
    import anndata
    import pandas


@dataclass(frozen=True)
class Embeddings:
    """Vectors of sequences, in the order given.

    Attributes:
        ids: names of the sequences.
        lengths: their lengths in base pairs, int64 (n,).
        embeddings: float32 (n, C); with pooling ``none`` (N, C), the positions of all sequences one after the other.
        metadata: layer, pooling, strand order, configuration, fingerprints of what was read and, for a model given by
            path, its path and the SHA-256 of its weights; JSON-ready.
        offsets: with pooling ``none`` int64 (n + 1,): the rows of sequence i are ``offsets[i]`` to ``offsets[i + 1]``;
            otherwise None.
        regions: where the sequences lie on their genome; None for sequences that came without a place.
    """

    ids: tuple[str, ...]
    lengths: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    metadata: dict[str, Any]
    offsets: NDArray[np.int64] | None = None
    regions: tuple[Interval, ...] | None = None

    def columns(self) -> dict[str, NDArray[Any]]:
        """What each row is, by name: ``id``, ``length`` (bp) and, where known, ``chrom``, ``start``, ``end`` (0-based
        half-open), ``strand``; with pooling ``none`` also ``position``, the token of the sequence, from 0.
        """
        columns: dict[str, NDArray[Any]] = {"id": np.array(self.ids, dtype=np.str_), "length": self.lengths}
        if self.regions is not None:
            columns |= region_columns(self.regions)
        if self.offsets is None:
            return columns
        n_rows = np.diff(self.offsets)
        repeated = {name: np.repeat(column, n_rows) for name, column in columns.items()}
        return repeated | {"position": np.arange(n_rows.sum()) - np.repeat(self.offsets[:-1], n_rows)}

    @property
    def channels(self) -> list[str]:
        """Names of the columns of ``embeddings``: ``e0``, ``e1`` and so on."""
        return self._vectors().channels

    def to_frame(self) -> "pandas.DataFrame":
        """A pandas data frame: the columns of ``columns()``, then one float32 column a channel; metadata in ``attrs``.

        Raises:
            InputError: pandas is not installed.
        """
        return to_frame(self._vectors())

    def to_anndata(self) -> "anndata.AnnData":
        """AnnData: ``X`` float32 (n, C), ``obs`` the columns of ``columns()``, ``uns["dna_mamba"]`` metadata as JSON.

        ``obs_names`` are the ids, or row numbers where two ids are equal.

        Raises:
            InputError: pooling is ``none``, or AnnData is not installed.
        """
        if self.offsets is not None:
            raise InputError("AnnData holds one vector a sequence", remedy="choose a pooling other than none")
        return to_anndata(self._vectors())

    def save(self, path: str | Path, *, force: bool = False, output_type: OutputType | None = None) -> None:
        """Write ``.npz``, ``.parquet``, ``.h5ad`` or ``.tsv``, by the suffix unless ``output_type`` says; whole or not.

        An ``.npz`` opens with ``numpy.load(path)``; nothing in it is pickled.

        Raises:
            InputError: the file exists and not ``force``, the suffix says nothing, pooling ``none`` for ``.h5ad``, or
                the library that writes the format is not installed.
            MachineError: the disk is full.
        """
        kind = resolve_output_type(path, output_type)
        check_output_type(path, kind, "mean" if self.offsets is None else "none")
        write(self._vectors(), path, kind, force=force)

    def _vectors(self) -> Vectors:
        arrays: dict[str, NDArray[Any]] = {"ids": np.array(self.ids, dtype=np.str_), "lengths": self.lengths}
        if self.regions is not None:
            arrays |= region_columns(self.regions)
        if self.offsets is not None:
            arrays["offsets"] = self.offsets
        return Vectors(self.columns(), self.embeddings, self.metadata, arrays)


def region_columns(regions: tuple[Interval, ...]) -> dict[str, NDArray[Any]]:
    """Columns ``chrom``, ``start``, ``end`` (0-based half-open), ``strand``, one row a region."""
    return {
        "chrom": np.array([region.chrom for region in regions], dtype=np.str_),
        "start": np.array([region.start for region in regions], dtype=np.int64),
        "end": np.array([region.end for region in regions], dtype=np.int64),
        "strand": np.array([str(region.strand) for region in regions], dtype=np.str_),
    }
