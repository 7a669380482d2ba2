"""The head that answers a problem."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dna_mamba.models import HeadConfig
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
    if scaling is not None:
        content |= {"target_means": scaling.means.tolist(), "target_scales": scaling.scales.tolist()}
    content["window_bp"] = problem.window_bp or max((len(codes) for codes in data.sequences), default=None)
    return HeadConfig.model_validate(content)


def targets_of(problem: Problem) -> Tensor:
    """Labels of all rows as losses take them: int64 (n,), or float32 (n, K)."""
    truth = torch.from_numpy(problem.truth)
    return truth if problem.kind == "classes" else truth.float()


def weights_of(problem: Problem, rows: RowNumbers) -> Tensor | None:
    """Weights of the classes, float32 (K,); None where all count alike."""
    if problem.kind != "classes" or not problem.balanced:
        return None
    return torch.from_numpy(problem.class_weights(rows)).float()
