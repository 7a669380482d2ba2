"""What goes through a model together: how much suits the device, which sequences, padded how, and whether it fits."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from dna_mamba.models.memory import Shape, inference_bytes, require
from dna_mamba.models.model import StrandModel
from dna_mamba.tokenizers.base import TokenIds

Item = TypeVar("Item")


class PaddedBatch(NamedTuple):
    """Token ids, int64 (B, L), right-padded to the longest; lengths, int64 (B,), None where none is padded."""

    ids_BL: Tensor
    lengths_B: Tensor | None


def positions_per_pass(model: StrandModel) -> int:
    """Positions that suit one forward pass where the model is: what fits in a CPU's caches, what fills a GPU."""
    return 1024 * torch.get_num_threads() if model.device.type == "cpu" else 262_144


def windows_per_pass(model: StrandModel, window_bp: int) -> int:
    """Windows of ``window_bp`` that suit one forward pass."""
    return max(1, positions_per_pass(model) // max(1, window_bp))


def in_batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Neighbouring items, ``size`` at a time."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


def by_length(lengths: Sequence[int], batch_size: int, positions: int) -> Iterator[list[int]]:
    """Indices of sequences of like lengths, shortest first.

    At most ``batch_size`` of them, which together, padded, have at most ``positions`` unless it is one.
    """
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) == batch_size or (len(batch) + 1) * lengths[index] > positions):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def pad(sequences: Sequence[TokenIds], model: StrandModel) -> PaddedBatch:
    """Token ids of sequences (L,) as one batch, where the model is."""
    lengths = [len(ids_L) for ids_L in sequences]
    ids_BL = np.full((len(sequences), max(lengths)), model.tokenizer.pad_id, dtype=np.int64)
    for row_L, ids_L in zip(ids_BL, sequences, strict=True):
        row_L[: len(ids_L)] = ids_L
    is_even = min(lengths) == max(lengths)
    lengths_B = None if is_even else torch.tensor(lengths, device=model.device)
    return PaddedBatch(torch.from_numpy(ids_BL).to(model.device), lengths_B)


def require_memory(
    model: StrandModel, n_sequences: int, length: int, *, both_strands: bool = True, what: str, remedy: str
) -> None:
    """Refuse sequences of ``length`` that cannot go through the model together, before it takes hours to find out.

    Args:
        model: the model.
        n_sequences: how many go through it together.
        length: of each, in tokens.
        both_strands: whether both strands of each are read.
        what: what they are, as an error begins.
        remedy: what would help.

    Raises:
        MachineError: they need more memory than there is.
    """
    shape = Shape(n_sequences * (2 if both_strands else 1), length)
    require(inference_bytes(model.config, shape, model.device, model.dtype), model.device, what, remedy)
