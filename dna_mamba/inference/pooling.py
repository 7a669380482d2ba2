"""Many positions to one vector, exactly, from parts that come one after the other."""

from collections.abc import Sequence
from typing import Literal, Protocol, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dna_mamba.errors import InputError
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
    poolers: dict[Pool, type[_Mean | _Max | _Center | _Every]] = {
        "mean": _Mean,
        "max": _Max,
        "center": _Center,
        "none": _Every,
    }
    return poolers[pool](lengths, n_channels)


class _Mean:
    def __init__(self, lengths: Sequence[int], n_channels: int) -> None:
        self._lengths_B1 = torch.tensor(lengths)[:, None]
        self._total_BC = torch.zeros(len(lengths), n_channels, dtype=torch.float64)

    def add(self, part: Part, hidden_BLC: Tensor) -> None:
        self._total_BC += hidden_BLC.float().sum(1).cpu()

    def rows(self) -> list[NDArray[np.float32]]:
        return _split(self._total_BC / self._lengths_B1)


class _Max:
    def __init__(self, lengths: Sequence[int], n_channels: int) -> None:
        self._lengths_B1 = torch.tensor(lengths)[:, None]
        self._best_BC = torch.full((len(lengths), n_channels), -torch.inf)

    def add(self, part: Part, hidden_BLC: Tensor) -> None:
        pads_BL = torch.arange(part.start, part.end) >= self._lengths_B1
        seen_BLC = hidden_BLC.float().masked_fill(pads_BL[..., None].to(hidden_BLC.device), -torch.inf)
        self._best_BC = torch.maximum(self._best_BC, seen_BLC.amax(1).cpu())

    def rows(self) -> list[NDArray[np.float32]]:
        return _split(self._best_BC)


class _Center:
    """Of 7 positions the one at offset 3, of 8 those at 3 and 4: the same places on both strands."""

    def __init__(self, lengths: Sequence[int], n_channels: int) -> None:
        lengths_B = torch.tensor(lengths)
        self._middles = ((lengths_B - 1) // 2, lengths_B // 2)
        self._total_BC = torch.zeros(len(lengths), n_channels)

    def add(self, part: Part, hidden_BLC: Tensor) -> None:
        for middle_B in self._middles:
            (here,) = torch.nonzero((part.start <= middle_B) & (middle_B < part.end), as_tuple=True)
            rows, offsets = here.to(hidden_BLC.device), (middle_B[here] - part.start).to(hidden_BLC.device)
            self._total_BC[here] += hidden_BLC[rows, offsets].float().cpu() / 2

    def rows(self) -> list[NDArray[np.float32]]:
        return _split(self._total_BC)


class _Every:
    def __init__(self, lengths: Sequence[int], n_channels: int) -> None:
        self._rows = [np.empty((length, n_channels), dtype=np.float32) for length in lengths]

    def add(self, part: Part, hidden_BLC: Tensor) -> None:
        for kept_LC, hidden_LC in zip(self._rows, hidden_BLC.float().cpu().numpy(), strict=True):
            room_LC = kept_LC[part.window]
            room_LC[:] = hidden_LC[: len(room_LC)]

    def rows(self) -> list[NDArray[np.float32]]:
        return self._rows


def _split(vectors_BC: Tensor) -> list[NDArray[np.float32]]:
    return list(vectors_BC.float().numpy()[:, None])
