"""How long a run will take and how much memory it needs, measured on a few of its own steps."""

import copy
import resource
import sys
import time
from statistics import median
from typing import NamedTuple

import torch

from dna_mamba.training.optimiser import build_optimiser
from dna_mamba.training.pretrain import PRECISIONS, Run
from dna_mamba.training.step import train_step

_STEPS = 4


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
