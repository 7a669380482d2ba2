"""What all runs found: JSON, a table, and where ours is behind."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output
from dna_mamba.metrics.scores import LOWER_IS_BETTER
from pipelines.benchmark.plan import RunName, TaskSet
from pipelines.benchmark.runs import Outcome

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


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
    Column("from scratch", "tuned", "random-weights"),
    Column("probe", "probe", None, ours=True),
    Column("fine-tuned", "tuned", None, ours=True),
)


def row_of(task_set: TaskSet, outcomes: Mapping[RunName, Outcome]) -> dict[str, Any]:
    """A set's row: every column's metrics, what is not there and why, and the seconds of each column."""
    there = {name: outcome for name, outcome in outcomes.items() if outcome.results is not None}
    facts = {key: there[name].results.get(key) for name in there for key in ("task", "n", "folds", "leaks", "interval")}
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
        **facts,
        "not_run": {name: outcome.problem for name, outcome in outcomes.items() if outcome.results is None},
        "columns": columns,
        "seconds": seconds,
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


def table_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The table in Markdown: mean and interval over folds, the best in bold, and the time of a set."""
    names = [column.name for column in COLUMNS]
    lines = ["| set | rows | metric | " + " | ".join(names) + " | ahead | minutes |"]
    lines.append("|---|--:|---" + "|--:" * (len(names) + 2) + "|")
    for row in rows:
        best = {row.get("best"), row.get("rival")}
        top = row.get("best") if row.get("ahead", 0) >= 0 else row.get("rival")
        cells = [_cell(row["columns"].get(name), row["metric"], bold=name == top and bool(best)) for name in names]
        ahead = f"{row['ahead']:+.3f}" if "ahead" in row else "–"
        minutes = f"{sum(row['seconds'].values()) / 60:.1f}" if row["seconds"] else "–"
        count = f"{row['n']:,}" if row.get("n") else "–"
        lines.append(f"| {row['title']} | {count} | {row['metric']} | {' | '.join(cells)} | {ahead} | {minutes} |")
    return lines


def _cell(of_metrics: Mapping[str, Any] | None, metric: str, *, bold: bool) -> str:
    if of_metrics is None or of_metrics[metric]["mean"] is None:
        return "–"
    value = of_metrics[metric]
    mean = f"**{value['mean']:.3f}**" if bold else f"{value['mean']:.3f}"
    return mean if value["low"] is None else f"{mean}<br>{value['low']:.3f} to {value['high']:.3f}"


def notes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where ours is behind, what was not run, and what is missing, a sentence each."""
    out = []
    behind = [row for row in rows if row.get("ahead", 0) < 0]
    for row in behind:
        what = f"{row['best']} is {-row['ahead']:.3f} behind {row['rival']}"
        out.append(f"{row['title']}: {what} in {row['metric']}.")
    for row in rows:
        for run, problem in row["not_run"].items():
            out.append(f"{row['title']}: {run} is not run ({problem}).")
    compared = sum("ahead" in row for row in rows)
    return [f"Ours is at or above the best baseline on {compared - len(behind)} of {compared} sets.", *out]


def setting_line(setting: Mapping[str, Any]) -> str:
    """Where and when the table was made."""
    where = f"{setting['cores']} cores of {setting['processor']}, {setting['threads']} threads"
    return f"Model `{setting['model']}`, {where}, {setting['date']}; made by `{setting['command']}`."


def write_into_page(page: Path, lines: Sequence[str]) -> None:
    """Put lines between the two marks of a page, in place of those there.

    Raises:
        InputError: the page cannot be read or lacks the marks.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be read ({error})", place=page, remedy="give a page with the marks") from None
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError("has no marks for a table", place=page, remedy=f"write {BEGIN} and {END} where it shall stand")
    with atomic_output(page, force=True) as stream:
        stream.write("\n".join([before + BEGIN, "", *lines, "", END + after]).encode())
