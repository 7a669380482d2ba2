"""How certain a metric is: over folds and seeds, and over rows or groups drawn again."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student_t

from dna_mamba.metrics.scores import judge

_LEVEL = 0.95
CORRECTED_T = "95 % interval of the corrected resampled t statistic over folds (Nadeau & Bengio 2003)"
SEEDS_T = "95 % interval of Student's t over seeds of one fold"
BOOTSTRAP = "95 % interval of the bootstrap over {units} (percentiles of {n_resamples} resamples)"


class Summary(NamedTuple):
    """A metric over folds and seeds; NaN where it is defined in none, an interval where it is in two or more."""

    mean: float
    low: float
    high: float
    per_fold: tuple[float, ...]
    """Mean over seeds of each fold, NaN where the metric is not defined in any."""


class Resampled(NamedTuple):
    """A metric of all rows, and the middle 95 % of what resamples give."""

    value: float
    low: float
    high: float


def over_folds(values: Sequence[Sequence[float]], n_train: Sequence[int], n_test: Sequence[int]) -> Summary:
    """Mean and interval of a metric over folds, each the mean over its seeds.

    Training parts overlap, so folds vary less than independent samples would. The variance of the mean of J folds is
    taken as ``(1 / J + n_test / n_train) * s ** 2`` instead of ``s ** 2 / J``, with J - 1 degrees of freedom (Nadeau &
    Bengio 2003, *Inference for the generalization error*, section 3). Of a single fold the interval is Student's over
    its seeds: how much chance in training does, and not how much the choice of rows does.

    Args:
        values: of each fold, the metric of each seed; NaN where it is not defined.
        n_train: rows trained on, of each fold.
        n_test: rows tested, of each fold.
    """
    per_fold = tuple(_mean_of(seeds) for seeds in values)
    known = [index for index, value in enumerate(per_fold) if not math.isnan(value)]
    if len(values) == 1:
        samples, more = [value for value in values[0] if not math.isnan(value)], 0.0
    else:
        samples = [per_fold[index] for index in known]
        more = float(np.mean([n_test[index] / n_train[index] for index in known])) if known else 0.0
    mean = _mean_of(samples)
    if len(samples) < 2:
        return Summary(mean, math.nan, math.nan, per_fold)
    variance = float(np.var(samples, ddof=1)) * (1 / len(samples) + more)
    reach = float(student_t.ppf((1 + _LEVEL) / 2, len(samples) - 1)) * math.sqrt(variance)
    return Summary(mean, mean - reach, mean + reach, per_fold)


def interval_source(n_folds: int) -> str:
    """What the interval of ``over_folds`` is, in words."""
    return CORRECTED_T if n_folds > 1 else SEEDS_T


def over_rows(
    task: str,
    truth: NDArray[Any],
    predicted: NDArray[Any],
    *,
    groups: Sequence[str] | NDArray[Any] | None = None,
    n_resamples: int = 200,
    seed: int = 0,
) -> dict[str, Resampled]:
    """Each metric with the interval that drawing rows, or whole groups, with replacement gives.

    The percentile bootstrap (Efron & Tibshirani 1993, chapter 13). Resamples in which a metric is not defined are left
    out of its interval.

    Args:
        task: as of ``judge``; of bases and tracks, rows are sequences.
        truth: as of ``judge``, n rows first.
        predicted: as of ``judge``, n rows first.
        groups: name of each row's group, n of them; None draws rows.
        n_resamples: how often.
        seed: of the draws.
    """
    generator = np.random.default_rng(seed)
    units = np.arange(len(truth)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    order = np.argsort(units, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(units[order])) + 1)
    whole = judge(task, truth, predicted).values
    drawn: dict[str, list[float]] = {name: [] for name in whole}
    for _ in range(n_resamples):
        rows = np.concatenate([members[unit] for unit in generator.integers(len(members), size=len(members))])
        for name, value in judge(task, truth[rows], predicted[rows]).values.items():
            if not math.isnan(value):
                drawn[name].append(value)
    return {name: Resampled(value, *_middle(drawn[name])) for name, value in whole.items()}


def bootstrap_source(*, by_group: bool, n_resamples: int = 200) -> str:
    """What the interval of ``over_rows`` is, in words."""
    return BOOTSTRAP.format(units="groups" if by_group else "rows", n_resamples=n_resamples)


def _mean_of(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def _middle(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        return math.nan, math.nan
    low, high = np.percentile(values, (50 * (1 - _LEVEL), 50 * (1 + _LEVEL)))
    return float(low), float(high)
