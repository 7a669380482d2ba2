"""What a run will take, before it: memory from the shapes, time from one pass of the model."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import torch

from dna_mamba.inference.open import sites_per_pass
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.memory import Shape, inference_bytes
from dna_mamba.models.streaming import budget_of
from dna_mamba.scoring.embeddings.embed import reads_both_strands

_PASSES = 2


class Estimate(NamedTuple):
    """``seconds`` of the model's passes, reading and writing left out, and the ``memory_bytes`` of the largest one."""

    positions: int
    seconds: float
    memory_bytes: int


def estimate_embedding(lengths: Sequence[int], model: MaskedLanguageModel) -> Estimate:
    """Embedding sequences of so many tokens each."""
    positions, longest = sum(lengths), max(lengths, default=0)
    return _estimate(model, positions, longest, 1, both_strands=reads_both_strands(model))


def estimate_scoring(n_windows: int, context_bp: int, batch_size: int | None, model: MaskedLanguageModel) -> Estimate:
    """Reading so many windows of ``context_bp``."""
    batch_size = batch_size or sites_per_pass(model, context_bp)
    return _estimate(model, n_windows * context_bp, context_bp, batch_size, both_strands=True)


def _estimate(
    model: MaskedLanguageModel, positions: int, length: int, batch_size: int, *, both_strands: bool
) -> Estimate:
    device, dtype = model.encoder.embedding.weight.device, model.encoder.embedding.weight.dtype
    shape = Shape(batch_size * (2 if both_strands else 1), length)
    memory = inference_bytes(model.config, shape, device, dtype) + weight_bytes(model)
    timed = min(length, budget_of(device).positions)
    seconds = _seconds_per_position(model, batch_size, timed, both_strands) * positions if positions else 0.0
    return Estimate(positions, seconds, memory)


def weight_bytes(model: MaskedLanguageModel) -> int:
    """Bytes of the parameters."""
    return sum(p.numel() * p.element_size() for p in model.parameters())


def _seconds_per_position(model: MaskedLanguageModel, batch_size: int, length: int, both_strands: bool) -> float:
    device = model.encoder.embedding.weight.device
    ids_BL = torch.full((batch_size, length), model.tokenizer.mask_id, device=device)
    seconds = []
    for _ in range(_PASSES):
        started = time.perf_counter()
        for _, output in model.stream(ids_BL, both_strands=both_strands):
            output.logits[0, 0].tolist()  # waits for a GPU
        seconds.append(time.perf_counter() - started)
    return min(seconds) / ids_BL.numel()
