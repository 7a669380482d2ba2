"""The model that a run leaves: taught with the settings that the folds chose, on all rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dna_mamba.models import TaskModel
from dna_mamba.models.model import StrandModel
from dna_mamba.training.finetune.embeddings import EmbeddingTable
from dna_mamba.training.finetune.head import head_config_of
from dna_mamba.training.finetune.linear.choice import fit, most_chosen
from dna_mamba.training.finetune.problem import Asked, FoldPart, Problem

_CALIBRATING = 10


def all_rows(problem: Problem) -> FoldPart:
    """Every row known, one in ten of them for calibration, none tested."""
    rows = np.random.default_rng(0).permutation(len(problem.data))
    n_calibrating = len(rows) // _CALIBRATING
    return FoldPart(np.sort(rows[n_calibrating:]), np.sort(rows[:n_calibrating]), rows[:0])


def final_probe(
    asked: Asked, encoder: StrandModel, table: EmbeddingTable, chosen: Sequence[Mapping[str, Any]]
) -> TaskModel:
    """A linear head on the encoder, fitted to all rows with what most folds chose."""
    settings = most_chosen(list(chosen))
    linear = fit(asked, table, settings).model
    pooling, _, strands = settings.features.partition(", ")
    model = TaskModel.on(encoder, head_config_of(asked.problem, pooling=pooling, strands=strands))
    model.set_linear(linear.weight, linear.bias, feature_means=linear.means, feature_scales=linear.scales)
    return model.eval()
