"""How long a run will take, measured on a little of its own work."""

import copy
import resource
import sys
import time
from collections.abc import Callable, Sequence
from itertools import islice
from statistics import median
from typing import NamedTuple

import torch

from dna_mamba.alphabet import Codes
from dna_mamba.data.batches import MaskedBatches
from dna_mamba.data.genomes import ContigCodes
from dna_mamba.data.held_out import HeldOutPlan, count_rows, held_out_rows
from dna_mamba.data.markov import markov_baselines
from dna_mamba.data.splits import Split
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.training.distributed.world import ALONE, World
from dna_mamba.training.loop.optimiser import build_optimiser
from dna_mamba.training.loop.step import train_step
from dna_mamba.training.pretrain.loss import PRECISIONS, MaskedObjective, held_out_loss
from dna_mamba.training.pretrain.recipe import Recipe
from dna_mamba.training.pretrain.shares import BatchShare, SharedBatches

_STEPS = 3
_BASELINE_BP = 2**20
_ROWS = 8


class TrainingEstimate(NamedTuple):
    """What a run takes.

    What processes tell each other is not part of it: one of them is measured, by itself, on its share.

    Attributes:
        seconds_per_step: of training, the mean over the run.
        training_seconds: for all the steps.
        baseline_seconds: for the Markov baselines of validation and test.
        evaluation_seconds: for all evaluations of the model.
        peak_memory_bytes: of this process while it measured, or of its GPU.
    """

    seconds_per_step: float
    training_seconds: float
    baseline_seconds: float
    evaluation_seconds: float
    peak_memory_bytes: int

    @property
    def seconds(self) -> float:
        """For the whole run, reading and writing left out."""
        return self.training_seconds + self.baseline_seconds + self.evaluation_seconds


def estimate_training(
    recipe: Recipe, model: MaskedLanguageModel, split: Split, batches: MaskedBatches, world: World = ALONE
) -> TrainingEstimate:
    """Time a few real steps on a copy of the model, a batch of held-out rows, and baselines of a little sequence."""
    training_seconds = _training_seconds(recipe, copy.deepcopy(model), batches, world)
    schedule = recipe.schedule
    times = -(-schedule.steps // schedule.evaluate_every) + (recipe.init is not None)
    validation, test = split.sequences(split.validation), split.sequences(split.test)
    train = split.sequences(split.train)
    return TrainingEstimate(
        training_seconds / schedule.steps,
        training_seconds,
        _baseline_seconds(train, [part for part in (validation, test) if part]),
        times * _evaluation_seconds(model, validation, recipe.validation) / world.size
        + _evaluation_seconds(model, test, recipe.test) / world.size,
        _peak_memory(),
    )


def _training_seconds(recipe: Recipe, model: MaskedLanguageModel, batches: MaskedBatches, world: World) -> float:
    """All the steps, from the first ones of each stage; the very first is left out as warm-up."""
    optimiser = build_optimiser(model, recipe.optimiser)
    objective = MaskedObjective(model, PRECISIONS[recipe.precision])
    shared = SharedBatches(batches, World(size=world.data_size), recipe.batch.micro_windows)

    def step(number: int) -> float:
        parts: list[BatchShare] = shared[number]
        return _seconds(
            lambda: train_step(model, optimiser, objective, parts, clip_norm=recipe.optimiser.clip_norm)
        )

    step(0)
    firsts = [stage.first_step for stage in batches.stages]
    seconds = 0.0
    for first, last in zip(firsts, [*firsts[1:], recipe.schedule.steps], strict=True):
        seconds += (last - first) * median([step(first + i) for i in range(_STEPS)])
    return seconds / world.context_size


def _baseline_seconds(train: Sequence[ContigCodes], parts: Sequence[Sequence[ContigCodes]]) -> float:
    """Tables cost the same for any genome, which shows without any; counting and asking cost by the base."""
    if not parts:
        return 0.0
    some_train, some_held_out = _first_bases(train), _first_bases(parts[0])
    some = _seconds(lambda: markov_baselines(some_train, some_held_out))
    fixed = _seconds(lambda: markov_baselines([], []))
    per_bp = max(0.0, some - fixed) / max(1, _n_bases(some_train) + _n_bases(some_held_out))
    return sum(fixed + per_bp * (_n_bases(train) + _n_bases(part)) for part in parts)


def _n_bases(sequences: Sequence[ContigCodes]) -> int:
    return sum(map(len, sequences))


def _first_bases(sequences: Sequence[ContigCodes]) -> list[Codes]:
    """``_BASELINE_BP`` of some sequences, in as many of them as that takes."""
    chosen: list[Codes] = []
    left = _BASELINE_BP
    for codes in sequences:
        if left <= 0:
            break
        chosen.append(codes[:left])
        left -= len(codes)
    return chosen


def _evaluation_seconds(model: MaskedLanguageModel, held_out: Sequence[ContigCodes], plan: HeldOutPlan) -> float:
    rows = list(islice(held_out_rows(held_out, plan, model.tokenizer), _ROWS))
    if not rows:
        return 0.0
    return _seconds(lambda: held_out_loss(model, rows)) / len(rows) * count_rows(held_out, plan)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _peak_memory() -> int:
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes on Linux
