"""GC content and length alone."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, bases_of
from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.training.finetune.problem import RowNumbers


class CompositionTable:
    """Share of G and C among known bases, its square, and the logarithm of the length; of variants of both windows."""

    kinds = ("gc and length",)

    def __init__(self, data: Labelled) -> None:
        self._data = data

    def of(self, kind: str, rows: RowNumbers) -> NDArray[np.float64]:
        """float64 (rows, 3), or (rows, 6) of variants."""
        return self._features[rows]

    @cached_property
    def _features(self) -> NDArray[np.float64]:
        data = self._data
        ref = np.array([_composition(codes) for codes in data.sequences])
        if data.alternatives is None:
            return ref
        alt = np.array([_composition(codes) for codes in data.alternatives])
        return np.concatenate([ref, alt - ref], axis=1)


def _composition(codes: Codes) -> tuple[float, float, float]:
    counts = np.bincount(bases_of(codes), minlength=5)
    share = float(counts[1] + counts[2]) / max(1, int(counts[:4].sum()))
    return share, share**2, float(np.log(max(1, len(codes))))
