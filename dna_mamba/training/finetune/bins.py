"""Windows with a signal as rows of their own, one a bin: what methods that know no windows learn from and answer."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes
from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.training.finetune.linear.choice import FeatureTable
from dna_mamba.training.finetune.linear.model import FeatureMatrix

AROUND_BP = 128
"""Bases on either side of a bin that its row has too, within its window."""
_STRANDS = "+-"


class BinSequences(Sequence[Any]):
    """Base codes of every bin with ``around_bp`` on either side, uint8 (L,), windows one after the other."""

    def __init__(self, windows: Sequence[Codes], n_bins: int, bin_bp: int, around_bp: int) -> None:
        self._windows, self._n_bins, self._bin_bp, self._around_bp = windows, n_bins, bin_bp, around_bp
        self._last: tuple[int, Codes | None] = (-1, None)

    def alone(self) -> "BinSequences":
        """The bins without what lies around them."""
        return BinSequences(self._windows, self._n_bins, self._bin_bp, 0)

    def __len__(self) -> int:
        return len(self._windows) * self._n_bins

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        window, number = divmod(index % len(self), self._n_bins)
        if self._last[0] != window:
            self._last = window, self._windows[window]
        codes, start = self._last[1], number * self._bin_bp
        assert codes is not None
        return codes[max(0, start - self._around_bp) : start + self._bin_bp + self._around_bp]


def rows_of_bins(windows: Labelled, bin_bp: int) -> Labelled:
    """A row a bin: its place, the letters around it and its labels float64 (n * bins, K); a window is a group.

    Args:
        windows: of task ``tracks``, labels (n, bins, K), all of one length.
        bin_bp: bases of a bin.
    """
    labels = windows.label_array()
    n_bins = labels.shape[1]
    return replace(
        windows,
        ids=[name for window in windows.ids for name in _bin_ids(window, n_bins, bin_bp)],
        sequences=BinSequences(windows.sequences, n_bins, bin_bp, AROUND_BP),
        labels=labels.reshape(-1, labels.shape[2]).astype(np.float64),
        groups=[window for window in windows.ids for _ in range(n_bins)],
        chroms=None if windows.chroms is None else [chrom for chrom in windows.chroms for _ in range(n_bins)],
        places=tuple(place for place in windows.places for _ in range(n_bins)),
    )


class BinTable:
    """Features of bins alone, and of bins with what lies around them: both are tried.

    Args:
        data: rows of bins.
        table_of: makes features of rows.
    """

    def __init__(self, data: Labelled, table_of: Callable[[Labelled], FeatureTable]) -> None:
        assert isinstance(data.sequences, BinSequences)
        alone = replace(data, sequences=data.sequences.alone())
        self._tables = {f"{AROUND_BP} bp around": table_of(data), "alone": table_of(alone)}
        self.kinds = tuple(f"{kind}; {name}" for name, table in self._tables.items() for kind in table.kinds)

    def of(self, kind: str, rows: NDArray[np.int64]) -> FeatureMatrix:
        """(rows, F)."""
        inner, _, name = kind.rpartition("; ")
        return self._tables[name].of(inner, rows)


def bins_of(windows: NDArray[np.int64], n_bins: int) -> NDArray[np.int64]:
    """Numbers of the bins of some windows, int64 (windows * bins,)."""
    return (windows[:, None] * n_bins + np.arange(n_bins)).reshape(-1)


def _bin_ids(window: str, n_bins: int, bin_bp: int) -> list[str]:
    """``chrom:start-end`` of each bin, 1-based inclusive, with the strand of the window where it has one."""
    chrom, _, place = window.rpartition(":")
    strand = place[-1] if place[-1] in _STRANDS else ""
    first, _, last = place.removesuffix(strand).partition("-")
    starts = [int(first) + bin_bp * number for number in range(n_bins)]
    if strand == "-":
        starts = [int(last) + 1 - bin_bp * (number + 1) for number in range(n_bins)]
    return [f"{chrom}:{start}-{start + bin_bp - 1}{strand}" for start in starts]
