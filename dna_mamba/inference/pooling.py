"""Rows of a batch of sequences, pooled or not, from parts that come one after the other."""

from collections.abc import Sequence
from typing import Literal, Protocol, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dna_mamba.errors import InputError
from dna_mamba.models.pooling import SequencePooler, pooler_of
from dna_mamba.models.streaming import Part

Pool = Literal["mean", "max", "center", "none"]
POOLS: tuple[Pool, ...] = get_args(Pool)
DESCRIPTIONS: dict[Pool, str] = {
    "mean": "mean over positions",
    "max": "maximum over positions, each channel on its own",
    "center": "middle position, mean of the two middle ones where the length is even",
    "none": "none, a row for each position",
}


class Pooler(Protocol):
    """Takes the parts of a batch from left to right, then tells what they come to."""

    def add(self, part: Part, hidden_BLC: Tensor) -> None:
        """Take hidden states (B, l, C) of a part; pads hold zeros."""

    def rows(self) -> list[NDArray[np.float32]]:
        """For each sequence float32 (1, C), or (length, C) where nothing is pooled."""


def check_pool(pool: str) -> None:
    """Raises InputError if there is no such pooling."""
    if pool not in POOLS:
        raise InputError(f"no pooling {pool!r}", remedy=f"take one of {', '.join(POOLS)}")


def make_pooler(pool: Pool, lengths: Sequence[int], n_channels: int) -> Pooler:
    """A pooler for one batch of sequences of so many positions each."""
    return _Every(lengths, n_channels) if pool == "none" else _Pooled(pooler_of(pool, torch.tensor(lengths)))


class _Pooled:
    def __init__(self, pooler: SequencePooler) -> None:
        self._pooler = pooler

    def add(self, part: Part, hidden_BLC: Tensor) -> None:
        self._pooler.add(part, hidden_BLC)

    def rows(self) -> list[NDArray[np.float32]]:
        return list(self._pooler.pooled().float().cpu().numpy()[:, None])


class _Every:
    def __init__(self, lengths: Sequence[int], n_channels: int) -> None:
        self._rows = [np.empty((length, n_channels), dtype=np.float32) for length in lengths]

    def add(self, part: Part, hidden_BLC: Tensor) -> None:
        for kept_LC, hidden_LC in zip(self._rows, hidden_BLC.float().cpu().numpy(), strict=True):
            room_LC = kept_LC[part.window]
            room_LC[:] = hidden_LC[: len(room_LC)]

    def rows(self) -> list[NDArray[np.float32]]:
        return self._rows
