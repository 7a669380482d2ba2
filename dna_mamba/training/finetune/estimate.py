"""How long a run will take, measured on a little of its own work."""

import copy
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from dna_mamba.checkpoints import load_model
from dna_mamba.models import TaskModel
from dna_mamba.training.finetune.embeddings import n_bases, pooled_vectors
from dna_mamba.training.finetune.head import head_config_of, targets_of_windows
from dna_mamba.training.finetune.problem import Problem, RowNumbers
from dna_mamba.training.finetune.recipe import FinetuneRecipe
from dna_mamba.training.finetune.tuned.batches import EpochBatches
from dna_mamba.training.finetune.tuned.objective import HeadObjective
from dna_mamba.training.finetune.tuned.parts import choose_parts

_TRIED = 16
_BASELINE_SECONDS_PER_ROW = {"majority": 0.0, "gc-length": 1e-4, "kmer-logistic": 5e-3, "cnn": 1e-2}
"""Of one training, on one core: a guess for what costs little beside the rest."""


class FinetuneEstimate(NamedTuple):
    """What a run takes: rows and their bases, trainings, and seconds of each part of the work."""

    rows: int
    bases: int
    folds: int
    trainings: int
    embedding_seconds: float
    training_seconds: float
    baseline_seconds: float

    @property
    def seconds(self) -> float:
        """For the whole run."""
        return self.embedding_seconds + self.training_seconds + self.baseline_seconds


def estimate_finetuning(
    recipe: FinetuneRecipe, problem: Problem, n_folds: int, trainings: int, device: str | torch.device
) -> FinetuneEstimate:
    """Embed a few rows, and take two steps where weights are trained; changes nothing."""
    model, data = load_model(recipe.model, device), problem.windows
    rows = np.random.default_rng(0).permutation(len(data))[:_TRIED]
    tokens = [model.tokenizer.encode_codes(data.sequences[row]) for row in rows.tolist()]
    pooled_vectors(model, tokens[:1], ("mean",))
    per_bp = _seconds(lambda: pooled_vectors(model, tokens, recipe.probe.pooling)) / max(1, sum(map(len, tokens)))
    encoders = 1 + (recipe.seeds if "random-weights" in recipe.baselines else 0)
    epochs = 0.0
    if recipe.how != "probe":
        seeds = recipe.seeds * (2 if "random-weights" in recipe.baselines else 1)
        task = TaskModel.on(copy.deepcopy(model), head_config_of(problem))
        epochs = _epoch_seconds(recipe, problem, task, rows) * recipe.training.epochs * (n_folds * seeds + 1)
    baselines = sum(_BASELINE_SECONDS_PER_ROW.get(name, 0.0) for name in recipe.baselines)
    return FinetuneEstimate(
        len(problem.data), n_bases(data), n_folds, trainings, per_bp * n_bases(data) * encoders, epochs,
        baselines * len(problem.data) * n_folds,
    )  # fmt: skip


def _epoch_seconds(recipe: FinetuneRecipe, problem: Problem, model: TaskModel, rows: RowNumbers) -> float:
    """All rows once forward and backward, from one step of some."""
    choose_parts(model.train(), recipe.how, recipe.training, 0)
    batches = EpochBatches(model, problem.windows, targets_of_windows(problem), rows, len(rows), 0)
    objective = HeadObjective(model, None, torch.float32)

    def step() -> None:
        for batch in batches[0]:
            objective(batch).backward()

    step()
    return _seconds(step) / len(rows) * len(problem.windows)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
