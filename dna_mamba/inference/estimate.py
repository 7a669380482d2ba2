"""What a run will take, before it: memory from the shapes, time from one pass of the model."""

import time
from typing import NamedTuple

import torch

from dna_mamba.models.memory import Shape, inference_bytes
from dna_mamba.models.model import StrandModel
from dna_mamba.models.streaming import budget_of

_PASSES = 2


class Estimate(NamedTuple):
    """What the model's passes take: positions they read, seconds without reading and writing files, bytes at most."""

    positions: int
    seconds: float
    memory_bytes: int


def estimate_passes(
    model: StrandModel, positions: int, length: int, batch_size: int, *, both_strands: bool = True
) -> Estimate:
    """Reading so many ``positions``, in passes of at most ``batch_size`` sequences of ``length`` tokens."""
    shape = Shape(batch_size * (2 if both_strands else 1), length)
    memory = inference_bytes(model.config, shape, model.device, model.dtype) + model.n_bytes
    timed = min(length, budget_of(model.device).positions)
    seconds = _seconds_per_position(model, batch_size, timed, both_strands) * positions if positions else 0.0
    return Estimate(positions, seconds, memory)


def _seconds_per_position(model: StrandModel, batch_size: int, length: int, both_strands: bool) -> float:
    ids_BL = torch.full((batch_size, length), model.tokenizer.mask_id, device=model.device)
    seconds = []
    for _ in range(_PASSES):
        started = time.perf_counter()
        for _, hidden in model.stream_strands(ids_BL, both=both_strands):
            hidden.given[0, 0].tolist()  # waits for a GPU
        seconds.append(time.perf_counter() - started)
    return min(seconds) / ids_BL.numel()
