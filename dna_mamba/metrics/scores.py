"""Every metric of a task, under the names that tables and results use."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.metrics.classification import CLASS_METRICS, class_scores, label_scores
from dna_mamba.metrics.regression import TARGET_METRICS, target_scores

METRICS = {
    "classification": CLASS_METRICS,
    "multilabel": CLASS_METRICS,
    "regression": TARGET_METRICS,
    "bases": CLASS_METRICS,
    "tracks": TARGET_METRICS,
}
"""Names of the metrics of each task; all but brier, ece, rmse and mae are better when higher."""

_MEASURES: dict[str, Callable[..., tuple[dict[str, float], dict[str, str]]]] = {
    "classification": class_scores,
    "multilabel": label_scores,
    "regression": target_scores,
    "bases": class_scores,
    "tracks": target_scores,
}

LOWER_IS_BETTER = frozenset({"brier", "ece", "rmse", "mae"})


class Judged(NamedTuple):
    """Metrics by name, NaN where one is not defined, and why it is not."""

    values: dict[str, float]
    undefined: dict[str, str]


def judge(task: str, truth: NDArray[Any], predicted: NDArray[Any]) -> Judged:
    """All metrics of a task; none warns.

    Args:
        task: a key of ``METRICS``.
        truth: classification, int (n,), or (..., L) for bases; multilabel, 0 or 1 (n, K); regression and tracks,
            (n,) or (..., K).
        predicted: probabilities (n, K) or (..., L, K); values shaped as the truth.

    Raises:
        ValueError: no such task, no rows, or shapes that do not agree.
    """
    if task not in METRICS:
        raise ValueError(f"no task {task!r}; there is {', '.join(METRICS)}")
    if METRICS[task] is TARGET_METRICS:
        truth, predicted = _columns(truth), _columns(predicted)
    else:
        predicted = predicted.reshape(-1, predicted.shape[-1]).astype(np.float64)
        truth = truth.reshape(predicted.shape if task == "multilabel" else -1)
    if not len(truth) or len(truth) != len(predicted):
        raise ValueError(f"{len(predicted)} predictions for {len(truth)} rows")
    if not np.isfinite(predicted).all():
        n_bad = int((~np.isfinite(predicted)).any(1).sum())
        return Judged(
            dict.fromkeys(METRICS[task], float("nan")),
            dict.fromkeys(METRICS[task], f"{n_bad} predictions are not finite"),
        )
    values, undefined = _MEASURES[task](truth, predicted)
    return Judged({name: values[name] for name in METRICS[task]}, undefined)


def score_predictions(task: str, truth: NDArray[Any], predicted: NDArray[Any]) -> dict[str, float]:
    """The values of ``judge`` alone."""
    return judge(task, truth, predicted).values


def _columns(values: NDArray[Any]) -> NDArray[Any]:
    """(n, K) of (n,) or (..., K)."""
    return values.reshape(-1, values.shape[-1] if values.ndim > 1 else 1)
