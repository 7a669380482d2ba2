"""The head that answers a problem."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dna_mamba.models import HeadConfig, TaskModel
from dna_mamba.training.finetune.linear.model import LinearModel
from dna_mamba.training.finetune.problem import Problem, RowNumbers


class Scaling(NamedTuple):
    """Means and scales of targets, float64 (K,)."""

    means: NDArray[np.float64]
    scales: NDArray[np.float64]


def scaling_of(problem: Problem, rows: RowNumbers) -> Scaling | None:
    """Of the targets of some rows; None of classes and labels."""
    if problem.kind != "values":
        return None
    truth = problem.truth[rows]
    return Scaling(truth.mean(0), np.where(truth.std(0) > 0, truth.std(0), 1.0))


def head_config_of(problem: Problem, scaling: Scaling | None = None, **settings: Any) -> HeadConfig:
    """The configuration of a head that answers a problem; ``settings`` are further keys of it."""
    data = problem.data
    content: dict[str, Any] = {"task": data.task, "outputs": data.names, **settings}
    if data.is_variants:
        content |= {"task": "variant", "variant_of": data.task}
    if problem.bin_bp is not None:
        content |= {"bin_bp": problem.bin_bp}
    if scaling is not None and content.get("counts"):
        content |= {"target_scales": np.maximum(scaling.means, np.finfo(np.float32).tiny).tolist()}
    elif scaling is not None:
        content |= {"target_means": scaling.means.tolist(), "target_scales": scaling.scales.tolist()}
    content["window_bp"] = problem.window_bp or max((len(codes) for codes in problem.windows.sequences), default=None)
    return HeadConfig.model_validate(content)


def targets_of(problem: Problem) -> Tensor:
    """Labels of all rows as losses take them: int64 (n,), or float32 (n, K)."""
    truth = torch.from_numpy(problem.truth)
    return truth if problem.kind == "classes" else truth.float()


def targets_of_windows(problem: Problem) -> Tensor:
    """The same of all windows that models read: of bins float32 (n, bins, K)."""
    targets = targets_of(problem)
    return targets if problem.bin_bp is None else targets.unflatten(0, (-1, problem.n_bins))


def set_probe(model: TaskModel, linear: LinearModel) -> None:
    """Give a linear head what was fitted to vectors as ``EmbeddingTable`` has them.

    A head along a sequence that joins strands reads both side by side: each takes half of what the mean of both would.
    """
    weight, means, scales = linear.weight, linear.means, linear.scales
    head = model.head_config
    if head.by_position and head.strands == "joined" and model.joins_strands:
        weight, scales = np.tile(weight / 2, 2), np.tile(scales, 2)
        means = None if means is None else np.tile(means, 2)
    model.set_linear(weight, linear.bias, feature_means=means, feature_scales=scales)


def weights_of(problem: Problem, rows: RowNumbers) -> Tensor | None:
    """Weights of the classes, or of the rows that have a label, float32 (K,); None where all count alike.

    Rows with a label and rows without it count alike: (n - n_k) / n_k.
    """
    if not problem.balanced or problem.kind == "values":
        return None
    if problem.kind == "labels":
        there = problem.truth[rows].sum(0)
        return torch.from_numpy((len(rows) - there) / np.maximum(there, 1)).float()
    return torch.from_numpy(problem.class_weights(rows)).float()
