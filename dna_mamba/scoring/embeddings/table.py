"""Vectors of sequences with what they are vectors of, as arrays, as a data frame, as AnnData."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.scoring.embeddings.files import OutputType, need, resolve_output_type, write

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
        return [f"e{index}" for index in range(self.embeddings.shape[1])]

    def to_frame(self) -> "pandas.DataFrame":
        """A pandas data frame: the columns of ``columns()``, then one float32 column a channel; metadata in ``attrs``.

        Raises:
            InputError: pandas is not installed.
        """
        pd = need("pandas")
        vectors = pd.DataFrame(self.embeddings, columns=self.channels)
        frame: pandas.DataFrame = pd.concat([pd.DataFrame(self.columns()), vectors], axis=1)
        frame.attrs = {"metadata": self.metadata}
        return frame

    def to_anndata(self) -> "anndata.AnnData":
        """AnnData: ``X`` float32 (n, C), ``obs`` the columns of ``columns()``, ``uns["dna_mamba"]`` metadata as JSON.

        ``obs_names`` are the ids, or row numbers where two ids are equal.

        Raises:
            InputError: pooling is ``none``, or AnnData is not installed.
        """
        if self.offsets is not None:
            raise InputError("AnnData holds one vector a sequence", remedy="choose a pooling other than none")
        ad, pd = need("anndata"), need("pandas")
        is_unique = len(set(self.ids)) == len(self.ids)
        index = pd.Index(self.ids if is_unique else [str(row) for row in range(len(self.ids))], dtype=object)
        obs = pd.DataFrame(self.columns()).set_index(index)
        var = pd.DataFrame(index=pd.Index(self.channels, dtype=object))
        table: anndata.AnnData = ad.AnnData(
            self.embeddings, obs=obs, var=var, uns={"dna_mamba": json.dumps(self.metadata)}
        )
        return table

    def save(self, path: str | Path, *, force: bool = False, output_type: OutputType | None = None) -> None:
        """Write ``.npz``, ``.parquet``, ``.h5ad`` or ``.tsv``, by the suffix unless ``output_type`` says; whole or not.

        An ``.npz`` opens with ``numpy.load(path)``; nothing in it is pickled.

        Raises:
            InputError: the file exists and not ``force``, the suffix says nothing, pooling ``none`` for ``.h5ad``, or
                the library that writes the format is not installed.
            MachineError: the disk is full.
        """
        write(self, path, resolve_output_type(path, output_type), force=force)


def region_columns(regions: tuple[Interval, ...]) -> dict[str, NDArray[Any]]:
    """Columns ``chrom``, ``start``, ``end`` (0-based half-open), ``strand``, one row a region."""
    return {
        "chrom": np.array([region.chrom for region in regions], dtype=np.str_),
        "start": np.array([region.start for region in regions], dtype=np.int64),
        "end": np.array([region.end for region in regions], dtype=np.int64),
        "strand": np.array([str(region.strand) for region in regions], dtype=np.str_),
    }
