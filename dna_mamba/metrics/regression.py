"""Metrics of numbers."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import r2_score

TARGET_METRICS = ("pearson", "spearman", "r2", "rmse", "mae")


def target_scores(
    truth: NDArray[np.float64], predicted: NDArray[np.float64]
) -> tuple[dict[str, float], dict[str, str]]:
    """Pearson, Spearman, R2 (1 - residual / total sum of squares), root mean squared and mean absolute error.

    Of several targets the mean over targets; one for which a metric is not defined is left out of its mean.

    Args:
        truth: (n,) or (n, K).
        predicted: as ``truth``.
    """
    truth, predicted = (values.reshape(len(values), -1).astype(np.float64) for values in (truth, predicted))
    found: dict[str, list[float]] = {name: [] for name in TARGET_METRICS}
    undefined: dict[str, str] = {}
    for wanted, given in zip(truth.T, predicted.T, strict=True):
        values, reasons = _one(wanted, given)
        undefined |= reasons
        for name, value in values.items():
            found[name].append(value)
    means = {name: float(np.mean(values)) if values else float("nan") for name, values in found.items()}
    return means, {name: reason for name, reason in undefined.items() if np.isnan(means[name])}


def _one(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> tuple[dict[str, float], dict[str, str]]:
    error = predicted - truth
    values = {"rmse": float(np.sqrt((error**2).mean())), "mae": float(np.abs(error).mean())}
    truth_varies, predicted_varies = np.ptp(truth) > 0, np.ptp(predicted) > 0
    if truth_varies:
        values["r2"] = float(r2_score(truth, predicted))
    if truth_varies and predicted_varies:
        ranks = rankdata(truth), rankdata(predicted)
        return values | {"pearson": _correlation(truth, predicted), "spearman": _correlation(*ranks)}, {}
    reason = "the predictions never vary" if truth_varies else "the truth never varies"
    names = ("pearson", "spearman") if truth_varies else ("pearson", "spearman", "r2")
    return values, dict.fromkeys(names, reason)


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Pearson's correlation of values that vary."""
    one, other = one - one.mean(), other - other.mean()
    one, other = one / np.abs(one).max(), other / np.abs(other).max()
    return float(np.clip(one @ other / np.sqrt((one @ one) * (other @ other)), -1.0, 1.0))
