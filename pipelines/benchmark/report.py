"""What the runs of a set found: the columns of the table, how far ours is ahead, and what pretraining brings."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from dna_mamba.metrics.intervals import over_folds
from dna_mamba.metrics.scores import LOWER_IS_BETTER
from pipelines.benchmark.plan import RunName, TaskSet
from pipelines.benchmark.runs import Outcome


class Column(NamedTuple):
    """A way to answer, as the table calls it."""

    name: str
    run: RunName
    method: str | None
    """Its name in results.json; None is the run's own."""
    ours: bool = False


COLUMNS = (
    Column("majority", "probe", "majority"),
    Column("GC, length", "probe", "gc-length"),
    Column("k-mers", "probe", "kmer-logistic"),
    Column("CNN", "probe", "cnn"),
    Column("random probe", "probe", "random-weights"),
    Column("probe", "probe", None, ours=True),
    Column("k-mers again", "tuned", "kmer-logistic"),
    Column("from scratch", "tuned", "random-weights"),
    Column("fine-tuned", "tuned", None, ours=True),
)
GAINS = (("probe", "random probe"), ("fine-tuned", "from scratch"))
"""The same with pretrained and with random weights, on the same rows and folds."""
_FACTS = ("task", "n", "folds", "leaks", "interval")


def row_of(task_set: TaskSet, outcomes: Mapping[RunName, Outcome]) -> dict[str, Any]:
    """A set's row: every column's metrics, what is not there and why, and the seconds of each column."""
    there = {name: outcome for name, outcome in outcomes.items() if outcome.results is not None}
    facts = {name: {key: outcome.results.get(key) for key in _FACTS} for name, outcome in there.items()}
    columns: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    for column in COLUMNS:
        outcome = there.get(column.run)
        method = outcome and _method(outcome, column)
        if outcome is not None and method is not None:
            columns[column.name] = outcome.results["methods"][method]
            seconds[column.name] = round(outcome.seconds.get(method, 0.0), 1)
    return {
        "name": task_set.name,
        "title": task_set.title,
        "source": task_set.source,
        "metric": task_set.metric,
        "not_run": {name: outcome.problem for name, outcome in outcomes.items() if outcome.results is None},
        "runs": facts,
        "columns": columns,
        "seconds": seconds,
        "gains": gains(columns, task_set.metric),
        **comparison(columns, task_set.metric),
    }


def _method(outcome: Outcome, column: Column) -> str | None:
    methods = list(outcome.results["methods"]) if outcome.results is not None else []
    name = methods[0] if column.method is None else column.method
    return name if name in methods else None


def comparison(columns: Mapping[str, Any], metric: str) -> dict[str, Any]:
    """The best of ours, the best of what is not pretrained, and by how much ours is ahead; empty without both."""
    sign = -1 if metric in LOWER_IS_BETTER else 1
    means = {name: column[metric]["mean"] for name, column in columns.items()}
    means = {name: mean for name, mean in means.items() if mean is not None}
    ours = [column.name for column in COLUMNS if column.ours and column.name in means]
    others = [column.name for column in COLUMNS if not column.ours and column.name in means]
    if not ours or not others:
        return {}
    best, rival = (max(names, key=lambda name: sign * means[name]) for names in (ours, others))
    return {"best": best, "rival": rival, "ahead": round(sign * (means[best] - means[rival]), 4)}


def gains(columns: Mapping[str, Any], metric: str) -> dict[str, dict[str, Any]]:
    """What pretrained weights bring over random ones, by column: mean and interval of the differences a fold."""
    sign = -1 if metric in LOWER_IS_BETTER else 1
    found = {}
    for pretrained, random in GAINS:
        if pretrained in columns and random in columns:
            pairs = zip(*(columns[name][metric]["per_fold"] for name in (pretrained, random)), strict=True)
            known = [sign * (ours - theirs) for ours, theirs in pairs if ours is not None and theirs is not None]
            others = max(len(known) - 1, 1)  # folds that are trained on, for each that is tested
            summary = over_folds([[value] for value in known], [others] * len(known), [1] * len(known))
            numbers = {"mean": summary.mean, "low": summary.low, "high": summary.high}
            finite = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
            found[pretrained] = {**finite, "per_fold": known}
    return found
