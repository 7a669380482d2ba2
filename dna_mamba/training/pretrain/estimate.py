"""How long a run will take and how much memory it needs, measured on a few of its own steps."""

import copy
import resource
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Any, NamedTuple

import torch

from dna_mamba.models.memory import Shape, gibibytes, memory_of, require, training_bytes
from dna_mamba.training.loop.optimiser import build_optimiser
from dna_mamba.training.loop.step import train_step
from dna_mamba.training.pretrain.job import PRECISIONS, Run
from dna_mamba.training.pretrain.recipe import Recipe

_STEPS = 4


def check_memory(run: Run) -> None:
    """Refuse, before the first step, a run that memory does not suffice for, and say what would fit.

    Raises:
        MachineError: the estimate is above what the device has free.
    """
    device = run.model.encoder.embedding.weight.device
    batch = run.recipe.batch
    require(
        needed_memory(run.recipe, run.model.n_parameters),
        device,
        f"a step of {batch.windows} x {batch.window_bp:,} bp",
        _remedy(run.recipe, run.model.n_parameters, memory_of(device)),
    )


def needed_memory(recipe: Recipe, parameters: int) -> int:
    """Bytes of one training step of a recipe."""
    config = recipe.model_config_of()
    strands = 2 if config.reverse_complement == "shared" else 1
    shape = Shape(strands * recipe.batch.windows, recipe.batch.window_bp)
    return training_bytes(config, shape, parameters, recompute=recipe.recompute)


def _remedy(recipe: Recipe, parameters: int, free: int | None) -> str:
    """The first change that makes a step fit: recomputation, then fewer windows, then shorter ones."""
    for change in _smaller(recipe):
        changed = recipe.model_copy(update=change)
        if free is None or needed_memory(changed, parameters) <= free:
            batch = changed.batch
            settings = (
                f"--set recompute=true --set batch.windows={batch.windows} --set batch.window_bp={batch.window_bp}"
            )
            return f"{settings} needs about {gibibytes(needed_memory(changed, parameters))}"
    return "take a smaller model"


def _smaller(recipe: Recipe) -> Iterator[dict[str, Any]]:
    windows, window_bp = recipe.batch.windows, recipe.batch.window_bp
    while window_bp >= 1:
        batch = recipe.batch.model_copy(update={"windows": windows, "window_bp": window_bp})
        yield {"recompute": True, "batch": batch}
        windows, window_bp = (windows // 2, window_bp) if windows > 1 else (1, window_bp // 2)


class Estimate(NamedTuple):
    """``seconds`` for all training steps, evaluation left out; ``peak_memory_bytes`` of this process or its GPU."""

    parameters: int
    training_bp: int
    seconds_per_step: float
    seconds: float
    peak_memory_bytes: int


def estimate(run: Run) -> Estimate:
    """Time real steps on a copy of the model, the first one left out as warm-up."""
    model = copy.deepcopy(run.model)
    optimiser = build_optimiser(model, run.recipe.optimiser)
    seconds = []
    for step in range(_STEPS):
        started = time.perf_counter()
        clip_norm, precision = run.recipe.optimiser.clip_norm, PRECISIONS[run.recipe.precision]
        train_step(model, optimiser, run.batches[step], clip_norm=clip_norm, precision=precision)
        seconds.append(time.perf_counter() - started)
    per_step = median(seconds[1:])
    training_bp = sum(map(len, run.split.train.values()))
    total = per_step * run.recipe.schedule.steps
    return Estimate(run.model.n_parameters, training_bp, per_step, total, _peak_memory())


def _peak_memory() -> int:
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes on Linux
