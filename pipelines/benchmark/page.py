"""What all runs found as Markdown: the table, what pretraining brings, where ours is behind, what is missing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output
from pipelines.benchmark.report import COLUMNS, GAINS

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
_NONE = "–"


def table_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Mean and interval over folds of every column, the best in bold, the rows of each run, and the time of a set.

    Sets of which nothing is known yet are left out.
    """
    head, rule = ["set", "metric"], "|---|---"
    for index, column in enumerate(COLUMNS):
        starts = index == 0 or COLUMNS[index - 1].run != column.run
        head += ["rows", column.name] if starts else [column.name]
        rule += "|--:|--:" if starts else "|--:"
    lines = [f"| {' | '.join(head)} | ahead | minutes |", rule + "|--:|--:|"]
    return [*lines, *(_table_line(row) for row in rows if row["columns"])]


def _table_line(row: Mapping[str, Any]) -> str:
    top = row.get("best") if row.get("ahead", 0) >= 0 else row.get("rival")
    cells = [row["title"], row["metric"]]
    for index, column in enumerate(COLUMNS):
        if index == 0 or COLUMNS[index - 1].run != column.run:
            cells.append(f"{row['runs'][column.run]['n']:,}" if column.run in row["runs"] else _NONE)
        cells.append(_cell(row["columns"].get(column.name), row["metric"], bold=column.name == top))
    ahead = f"{row['ahead']:+.3f}" if "ahead" in row else _NONE
    minutes = f"{sum(row['seconds'].values()) / 60:.1f}" if row["seconds"] else _NONE
    return f"| {' | '.join(cells)} | {ahead} | {minutes} |"


def _cell(of_metrics: Mapping[str, Any] | None, metric: str, *, bold: bool) -> str:
    if of_metrics is None or of_metrics[metric]["mean"] is None:
        return _NONE
    value = of_metrics[metric]
    mean = f"**{value['mean']:.3f}**" if bold else f"{value['mean']:.3f}"
    return mean if value["low"] is None else f"{mean}<br>{value['low']:.3f} to {value['high']:.3f}"


def gain_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What pretraining brings on each set: the mean difference over folds and its interval, in bold without 0 in it."""
    lines = ["| set | metric | " + " | ".join(f"{one} minus {other}" for one, other in GAINS) + " |"]
    lines.append("|---|---" + "|--:" * len(GAINS) + "|")
    for row in rows:
        if row["gains"]:
            cells = [_gain(row["gains"].get(pretrained)) for pretrained, _ in GAINS]
            lines.append(f"| {row['title']} | {row['metric']} | {' | '.join(cells)} |")
    return lines if len(lines) > 2 else []


def _gain(value: Mapping[str, Any] | None) -> str:
    if value is None or value["mean"] is None:
        return _NONE
    mean = f"{value['mean']:+.3f}"
    if value["low"] is None:
        return mean
    is_certain = value["low"] > 0 or value["high"] < 0
    return f"{f'**{mean}**' if is_certain else mean}<br>{value['low']:+.3f} to {value['high']:+.3f}"


def notes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where ours is behind, and what is missing and why, a sentence each."""
    behind = [row for row in rows if row.get("ahead", 0) < 0]
    compared = sum("ahead" in row for row in rows)
    out = [f"Ours is at or above the best baseline on {compared - len(behind)} of {compared} sets."]
    for row in behind:
        out.append(f"{row['title']}: {row['best']} is {-row['ahead']:.3f} behind {row['rival']} in {row['metric']}.")
    missing: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for run, problem in row["not_run"].items():
            missing.setdefault((run, problem), []).append(row["title"])
    for (run, problem), titles in missing.items():
        out.append(f"Missing, {run} ({problem}): {'; '.join(titles) if len(titles) < len(rows) else 'all sets'}.")
    return out


def setting_line(setting: Mapping[str, Any]) -> str:
    """Where and when the table was made."""
    where = f"{setting['cores']} cores of {setting['processor']}, {setting['threads']} threads"
    return f"Model `{setting['model']}`, {where}, {setting['date']}; made by `{setting['command']}`."


def page_lines(rows: Sequence[Mapping[str, Any]], about: Sequence[str], setting: Mapping[str, Any]) -> list[str]:
    """All of it: the table, what it says, how it was made, and what pretraining brings."""
    gained = gain_lines(rows)
    between = ["", "What pretraining brings:", "", *gained] if gained else []
    said = [f"- {note}" for note in (*notes(rows), *about)]
    return [*table_lines(rows), "", *said, *between, "", setting_line(setting)]


def write_into_page(page: Path, lines: Sequence[str]) -> None:
    """Put lines between the two marks of a page, in place of those there.

    Raises:
        InputError: the page cannot be read or lacks the marks.
    """
    before, after = _around(page)
    with atomic_output(page, force=True) as stream:
        stream.write("\n".join([before + BEGIN, "", *lines, "", END + after]).encode())


def check_page(page: Path) -> None:
    """Raise what ``write_into_page`` would, before hours are spent."""
    _around(page)


def _around(page: Path) -> tuple[str, str]:
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be read ({error})", place=page, remedy="give a page with the marks") from None
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError("has no marks for a table", place=page, remedy=f"write {BEGIN} and {END} where it shall stand")
    return before, after
