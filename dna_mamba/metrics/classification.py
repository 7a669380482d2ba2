"""Metrics of classes: truth as indices or as 0 and 1, predictions as probabilities."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score, matthews_corrcoef, roc_auc_score

from dna_mamba.metrics.calibration import brier, expected_calibration_error

Undefined = dict[str, str]
"""Why a metric has no value, by its name."""

CLASS_METRICS = ("accuracy", "balanced_accuracy", "mcc", "f1", "auroc", "auprc", "brier", "ece")
_ONE_CLASS = "the truth has one class"
_RANKED: dict[str, Callable[..., Any]] = {"auroc": roc_auc_score, "auprc": average_precision_score}


def class_scores(
    truth: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> tuple[dict[str, float], Undefined]:
    """Metrics of one class a row.

    Accuracy; balanced accuracy (mean recall of the classes there are); Matthews' correlation (for several classes,
    Gorodkin 2004); F1, the mean over all classes that are there or predicted; AUROC and AUPRC (average precision), of
    the second class where there are two, otherwise one class against the rest and the mean of those; Brier score;
    calibration error of the probability of the predicted class, in 15 bins.

    Args:
        truth: indices of classes, int (n,).
        probabilities: (n, K), rows that sum to 1.
    """
    predicted = probabilities.argmax(1)
    is_right = predicted == truth
    there = np.unique(truth)
    varies = len(there) > 1
    recalls = [float(is_right[truth == index].mean()) for index in there]
    ranked, undefined = _ranked_classes(truth, probabilities)
    values = {
        "accuracy": float(is_right.mean()),
        "balanced_accuracy": float(np.mean(recalls)) if varies else float("nan"),
        "mcc": float(matthews_corrcoef(truth, predicted)) if varies else float("nan"),
        "f1": float(f1_score(truth, predicted, average="macro", zero_division=0.0)),
        **ranked,
        "brier": brier(truth, probabilities),
        "ece": expected_calibration_error(is_right, probabilities.max(1)),
    }
    return values, undefined if varies else undefined | dict.fromkeys(("mcc", "balanced_accuracy"), _ONE_CLASS)


def label_scores(truth: NDArray[np.int64], probabilities: NDArray[np.float64]) -> tuple[dict[str, float], Undefined]:
    """Metrics of K labels of which each is there or not: the mean over labels of each one's own.

    F1 is that of the label being there; a label that is always or never there has no AUROC, AUPRC, MCC or balanced
    accuracy and is left out of their means.

    Args:
        truth: 0 or 1, int (n, K).
        probabilities: of each label, (n, K).
    """
    rows: list[dict[str, float]] = []
    for index in range(truth.shape[1]):
        label, share = truth[:, index], probabilities[:, index]
        values, _ = class_scores(label, np.stack([1 - share, share], axis=1))
        values["f1"] = float(f1_score(label, share >= 0.5, zero_division=0.0))
        rows.append(values)
    means = {name: _mean([row[name] for row in rows]) for name in CLASS_METRICS}
    reason = "every label is always or never there"
    return means, {name: reason for name, value in means.items() if np.isnan(value)}


def _ranked_classes(truth: NDArray[np.int64], probabilities: NDArray[np.float64]) -> tuple[dict[str, float], Undefined]:
    n_classes = probabilities.shape[1]
    there = [index for index in range(n_classes) if 0 < (truth == index).sum() < len(truth)]
    if n_classes == 2:
        there = [index for index in there if index == 1]
    if not there:
        return dict.fromkeys(_RANKED, float("nan")), dict.fromkeys(_RANKED, _ONE_CLASS)
    return {
        name: float(np.mean([metric(truth == index, probabilities[:, index]) for index in there]))
        for name, metric in _RANKED.items()
    }, {}


def _mean(values: list[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
