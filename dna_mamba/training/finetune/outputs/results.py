"""What a run found, in numbers: every metric of every method over folds and seeds, and every held-out answer."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.io.atomic import atomic_output
from dna_mamba.metrics import METRICS, judge
from dna_mamba.metrics.intervals import Summary, interval_source, over_folds, over_rows
from dna_mamba.training.finetune.problem import FoldPart, Problem, RowAnswers
from dna_mamba.training.finetune.units import TrainingUnit

RESULTS, PREDICTIONS = "results.json", "predictions.tsv"
_RESERVED = ("id", "fold", "seed", "method", "truth")
_SHOWN = {
    "classes": ("auroc", "auprc", "accuracy", "balanced_accuracy", "mcc", "f1", "brier", "ece"),
    "labels": ("auroc", "auprc", "accuracy", "balanced_accuracy", "mcc", "f1", "brier", "ece"),
    "values": ("pearson", "spearman", "r2", "rmse"),
}


class Found(NamedTuple):
    """Answers of all units, and the parts of the rows that they are about."""

    problem: Problem
    parts: Sequence[FoldPart]
    answers: Mapping[TrainingUnit, RowAnswers]

    @property
    def methods(self) -> list[str]:
        """Their names in order."""
        return list(dict.fromkeys(unit.method for unit in self.answers))

    def units_of(self, method: str) -> list[TrainingUnit]:
        """In the order of folds, then seeds."""
        return sorted((unit for unit in self.answers if unit.method == method), key=lambda unit: unit[1:])


def summaries(found: Found) -> dict[str, dict[str, Summary]]:
    """By method and metric."""
    problem, task = found.problem, found.problem.data.task
    n_train, n_test = [len(part.known) for part in found.parts], [len(part.test) for part in found.parts]
    out: dict[str, dict[str, Summary]] = {}
    for method in found.methods:
        values: list[list[dict[str, float]]] = [[] for _ in found.parts]
        for unit in found.units_of(method):
            truth = problem.truth[found.parts[unit.fold].test]
            values[unit.fold].append(judge(task, truth, found.answers[unit]).values)
        out[method] = {
            metric: over_folds([[seed[metric] for seed in seeds] for seeds in values], n_train, n_test)
            for metric in METRICS[task]
        }
    return out


def results_of(found: Found, table: Mapping[str, Mapping[str, Summary]], facts: Mapping[str, Any]) -> dict[str, Any]:
    """What ``results.json`` holds; a metric that is not defined is null."""
    data = found.problem.data
    methods = {
        method: {
            metric: {
                "mean": _number(summary.mean),
                "low": _number(summary.low),
                "high": _number(summary.high),
                "per_fold": [_number(value) for value in summary.per_fold],
            }
            for metric, summary in of_metrics.items()
        }
        for method, of_metrics in table.items()
    }
    return {
        "task": "variant" if data.is_variants else data.task,
        "n": len(data),
        "folds": len(found.parts),
        **facts,
        "outputs": list(data.names),
        "interval": interval_source(len(found.parts)),
        "methods": methods,
    }


def write_results(results: Mapping[str, Any], directory: Path) -> None:
    """``results.json``."""
    with atomic_output(directory / RESULTS, force=True) as stream:
        stream.write((json.dumps(results, indent=1, allow_nan=False) + "\n").encode())


def write_predictions(found: Found, directory: Path) -> None:
    """``predictions.tsv``: every held-out row of every method, fold and seed."""
    with atomic_output(directory / PREDICTIONS, force=True) as stream:
        for line in _lines(found):
            stream.write(("\t".join(line) + "\n").encode("utf-8", errors="surrogateescape"))


def _lines(found: Found) -> Iterator[list[str]]:
    problem, data = found.problem, found.problem.data
    several = problem.kind == "values" and problem.n_outputs > 1
    truths = [f"truth_{name}" for name in data.names] if several else ["truth"]
    yield ["id", "fold", "seed", "method", *truths, *(f"p_{n}" if n in _RESERVED else n for n in data.names)]
    told = [_told(problem, row) for row in range(len(data))]
    for method in found.methods:
        for unit in found.units_of(method):
            for row, answer_K in zip(found.parts[unit.fold].test.tolist(), found.answers[unit], strict=True):
                place = [data.ids[row], str(unit.fold), str(unit.seed), method]
                yield [*place, *told[row], *(f"{value:.6g}" for value in answer_K)]


def _told(problem: Problem, row: int) -> list[str]:
    """The truth of a row as text."""
    truth, names = problem.truth[row], problem.data.names
    if problem.kind == "classes":
        return [names[int(truth)]]
    if problem.kind == "labels":
        return [";".join(name for name, there in zip(names, truth, strict=True) if there) or "."]
    return [f"{value:.6g}" for value in truth]


def shown_metrics(problem: Problem) -> tuple[str, ...]:
    """Metrics that tables show, the main one first."""
    return _SHOWN[problem.kind]


def main_metric(problem: Problem) -> str:
    """By which methods are compared in one number."""
    return _SHOWN[problem.kind][0]


def table_lines(problem: Problem, table: Mapping[str, Mapping[str, Summary]]) -> list[str]:
    """The table of a run in aligned columns: the main metric with its interval, the others as means."""
    main, *others = _SHOWN[problem.kind]
    rows = [["method", main, "95 % interval", *others]]
    for method, of_metrics in table.items():
        rows.append([method, *shown_with_interval(of_metrics[main]), *(_shown(of_metrics[m].mean) for m in others)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def table_again(problem: Problem, directory: Path) -> list[str]:
    """The table of a run that is done, from its ``results.json``."""
    methods = json.loads((directory / RESULTS).read_text())["methods"]
    table = {
        method: {
            metric: Summary(
                mean=_value(found["mean"]),
                low=_value(found["low"]),
                high=_value(found["high"]),
                per_fold=tuple(map(_value, found["per_fold"])),
            )
            for metric, found in of_metrics.items()
        }
        for method, of_metrics in methods.items()
    }
    return table_lines(problem, table)


def _value(number: float | None) -> float:
    return math.nan if number is None else number


def shown_with_interval(summary: Summary) -> tuple[str, str]:
    """A mean and its interval as text."""
    if math.isnan(summary.low):
        return _shown(summary.mean), "-"
    return _shown(summary.mean), f"{summary.low:.3f} to {summary.high:.3f}"


def _shown(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def pooled(found: Found, method: str) -> tuple[NDArray[Any], RowAnswers]:
    """Truth and answers of all held-out rows of one method, folds and seeds one after the other."""
    units = found.units_of(method)
    truth = np.concatenate([found.problem.truth[found.parts[unit.fold].test] for unit in units])
    return truth, np.concatenate([found.answers[unit] for unit in units])


def resampled(found: Found, n_resamples: int) -> dict[str, dict[str, tuple[float | None, float | None]]]:
    """By method and metric the middle 95 % of what drawing held-out rows, or their groups, again gives.

    Of all folds together, with the first seed.
    """
    data = found.problem.data
    out: dict[str, dict[str, tuple[float | None, float | None]]] = {}
    for method in found.methods:
        units = [unit for unit in found.units_of(method) if unit.seed == 0]
        rows = np.concatenate([found.parts[unit.fold].test for unit in units])
        answers = np.concatenate([found.answers[unit] for unit in units])
        groups = None if data.groups is None else [data.groups[row] for row in rows.tolist()]
        drawn = over_rows(data.task, found.problem.truth[rows], answers, groups=groups, n_resamples=n_resamples)
        out[method] = {name: (_number(value.low), _number(value.high)) for name, value in drawn.items()}
    return out
