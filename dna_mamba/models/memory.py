"""How much memory a pass will take, from the shapes alone, and whether this machine has it.

Estimates count the tensors that exist at the worst moment; allocators and libraries add their own, for which
``OVERHEAD`` stands. They are meant to be a little above what is measured (benchmarks/encoder.py).
"""

from typing import NamedTuple

import torch

from dna_mamba.errors import MachineError
from dna_mamba.machine import available_memory
from dna_mamba.models.config import ModelConfig
from dna_mamba.models.streaming import Budget, budget_of, what_to_keep

OVERHEAD = 2**29
"""Thread stacks, packed matrices, memory that was freed and not reused: bytes."""
_SCATTER = 1.6
"""What comes and goes takes more than its size between what stays."""
_BACKWARD_TILE = 24
"""The scan keeps its state every so many positions for the backward pass."""


class Shape(NamedTuple):
    """Sequences of equal length that one pass reads, both strands counted where both are read."""

    sequences: int
    length: int

    @property
    def positions(self) -> int:
        return self.sequences * self.length


def inference_bytes(config: ModelConfig, shape: Shape, device: torch.device, dtype: torch.dtype) -> int:
    """Bytes that ``MaskedLanguageModel.stream`` takes beyond the weights; ``forward`` takes its whole output too.

    Where they do not fit, bytes without which it cannot do. The residual stream counts as float32 in narrower types.
    """
    positions = budget_of(device).positions
    d_model, d_inner = config.d_model, config.d_inner
    wide = max(dtype.itemsize, torch.float32.itemsize)
    residual = shape.positions * d_model * wide
    identifiers = 4 * shape.positions * torch.int64.itemsize  # ids, their mirror image, and where it lies
    group = min(shape.positions, max(shape.length, positions))
    edges = d_inner * (config.d_state * 4 + config.d_conv * dtype.itemsize) * -(-group // positions)
    part = min(group, positions) * ((3 * d_model + 2 * config.d_hidden) * wide + 6 * d_inner * dtype.itemsize)
    least = residual + identifiers + edges + part + OVERHEAD
    spare = affordable_budget(device, residual, dtype, needed=least).kept_bytes
    kept = what_to_keep(1, group, d_inner, dtype, tied=config.tied, kept_bytes=spare)
    return least + (kept.outputs + kept.inputs) * d_inner * dtype.itemsize


def affordable_budget(
    device: torch.device, residual: int, dtype: torch.dtype = torch.float32, *, needed: int = 0
) -> Budget:
    """A device's budget beside a residual stream of so many bytes; how much is kept changes the time alone.

    On a CUDA GPU nine tenths of what is free there once ``needed`` bytes are taken: nobody else uses it. Elsewhere half
    of that, and no more than the device's budget, of which a type narrower than float32 takes three fifths.
    """
    budget, free = budget_of(device), memory_of(device)
    if budget.kept_bytes is None:
        spare = 0 if free is None else (free - needed) * 9 // 10
    else:
        allowed = budget.kept_bytes * (3 if dtype.itemsize < torch.float32.itemsize else 5) // 5 - residual
        spare = allowed if free is None else min(allowed, (free - needed) // 2)
    return Budget(budget.positions, max(0, spare))


class TrainingMemory(NamedTuple):
    """Bytes that a float32 training step takes.

    Attributes:
        weights: of the model.
        gradients: of what is trained.
        moments: two for each number that is trained.
        activations: kept for the backward pass, with what comes and goes during it.
        other: ``OVERHEAD``.
    """

    weights: int
    gradients: int
    moments: int
    activations: int
    other: int = OVERHEAD

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self)


def training_memory(
    config: ModelConfig,
    shape: Shape,
    parameters: int,
    *,
    recompute: bool,
    frozen: int = 0,
    frozen_depth: int = 0,
) -> TrainingMemory:
    """What one pass forward and backward takes.

    Args:
        config: of the model.
        shape: what the pass reads, both strands counted where both are read.
        parameters: of the model.
        recompute: layers are computed again in the backward pass rather than kept.
        frozen: how many of the parameters are not trained.
        frozen_depth: layers from the first on that no gradient reaches: they keep nothing.
    """
    d_model, d_inner, proj = config.d_model, config.d_inner, config.dt_rank + 2 * config.d_state
    # Two norms' worth of the residual, x and z; for each direction u, delta, its projections and the scan's states;
    # their sum, the gate and the product of both.
    edges = config.d_state * d_inner // _BACKWARD_TILE
    layer = 2 * d_model + 2 * d_inner + 2 * (2 * d_inner + proj + edges) + 3 * d_inner
    gradients = 6 * d_inner + 2 * d_model  # alive at once while one layer is differentiated
    ends = 4 * d_model  # embedding, final norm and logits
    live_layers = config.n_layer - frozen_depth
    if recompute:
        stored, passing = d_model * live_layers, layer + gradients + ends
    else:
        stored, passing = layer * live_layers, gradients + ends
    trained = parameters - frozen
    activations = int(4 * shape.positions * (stored + _SCATTER * passing))
    return TrainingMemory(4 * parameters, 4 * trained, 8 * trained, activations)


def memory_of(device: torch.device) -> int | None:
    """Bytes still free on a device, with those that torch holds there and does not use; None where nobody tells."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return available_memory()


def require(needed: int, device: torch.device, what: str, remedy: str) -> None:
    """Refuse what cannot fit, before it takes hours to find out.

    Raises:
        MachineError: ``device`` has less than ``needed`` bytes free.
    """
    free = memory_of(device)
    if free is not None and needed > free:
        raise MachineError(
            f"about {gibibytes(needed)} of memory are needed and {gibibytes(free)} are free on {device}",
            place=what,
            remedy=remedy,
        )


def gibibytes(count: int) -> str:
    """``1.25 GiB``."""
    return f"{count / 2**30:.2f} GiB"
