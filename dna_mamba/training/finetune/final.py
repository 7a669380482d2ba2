"""The model that a run leaves: taught with the settings that the folds chose, on all rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dna_mamba.models import TaskModel
from dna_mamba.models.model import StrandModel
from dna_mamba.training.finetune.bins import bins_of
from dna_mamba.training.finetune.embeddings import EmbeddingTable
from dna_mamba.training.finetune.head import head_config_of, set_probe
from dna_mamba.training.finetune.linear.choice import fit, most_chosen
from dna_mamba.training.finetune.problem import Asked, FoldPart, Problem

_CALIBRATING = 10


def all_rows(problem: Problem) -> FoldPart:
    """Every row known, one in ten of them for calibration, none tested."""
    windows = np.random.default_rng(0).permutation(len(problem.windows))
    n_calibrating = len(windows) // _CALIBRATING
    parts = FoldPart(np.sort(windows[n_calibrating:]), np.sort(windows[:n_calibrating]), windows[:0])
    return parts if problem.bin_bp is None else FoldPart(*(bins_of(rows, problem.n_bins) for rows in parts))


def final_probe(
    asked: Asked, encoder: StrandModel, table: EmbeddingTable, chosen: Sequence[Mapping[str, Any]]
) -> TaskModel:
    """A linear head on the encoder, fitted to all rows with what most folds chose."""
    settings = most_chosen(list(chosen))
    linear = fit(asked, table, settings).model
    pooling, _, strands = settings.features.partition(", ")
    model = TaskModel.on(encoder, head_config_of(asked.problem, pooling=pooling, strands=strands))
    set_probe(model, linear)
    return model.eval()
