"""How pretraining runs went: training and held-out loss against steps, tokens or hours, beside the baselines."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.extras import need
from dna_mamba.plotting.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LogRow = Mapping[str, Any]
Against = Literal["steps", "tokens", "hours"]
_LABELS: dict[Against, str] = {"steps": "optimiser steps", "tokens": "tokens read", "hours": "hours of training"}
_SMOOTHED_POINTS = 200
_FAINT_POINTS = 4000
_UNSETTLED_SHARE = 20
"""The first twentieth of a run may leave the picture, so that the rest of it can be read."""
_UNIFORM_BITS = 2.0
"""Loss of a guess among four bases."""
_SPLIT_COLOURS = {"validation": VERMILION, "test": PURPLE}
_MARKERS = {"validation": "o", "test": "D"}
_RUN_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
_RUN_LINES = ("-", "--", ":")
"""Where there are more runs than colours, lines tell them apart."""
_PALE = 0.35
_MARK_LINES = (":", "--", "-.", (0, (1, 3)))


class _Curve(NamedTuple):
    """Places on the horizontal axis and bits per base there, (n,) each."""

    at: NDArray[np.float64]
    bits: NDArray[np.float64]


class _Run(NamedTuple):
    """What is drawn of a run; ``marks`` holds the best baseline of each kind by name, of ``marked`` (a split)."""

    train: _Curve
    held_out: dict[str, _Curve]
    marks: dict[str, float]
    marked: str


def training_curve(rows: Iterable[LogRow], *, title: str = "Pretraining") -> "Figure":
    """Loss of one run in bits per base against optimiser steps; see ``compare_runs``."""
    return compare_runs({"": rows}, title=title)


def compare_runs(
    runs: Mapping[str, Iterable[LogRow]], *, against: Against = "steps", title: str = "Pretraining"
) -> "Figure":
    """Loss in bits per base of one run or several, against steps, tokens or hours of training.

    Args:
        runs: the log of each run by its name, rows with ``event`` and ``step``: ``train`` rows hold ``loss_nats``,
            ``seconds`` and ``tokens``, ``evaluate`` rows ``split`` and ``bits_per_base``, ``baselines`` rows
            ``split`` and ``bits_per_base`` by name. The lowest baseline of each kind (its name up to the context)
            becomes a horizontal line.
        against: what the horizontal axis counts.
        title: shown above the axes.

    Raises:
        InputError: no training step in a log, a log that does not say what ``against`` needs, or matplotlib is not
            installed.
    """
    read = {name: _read(name, list(rows), against) for name, rows in runs.items()}
    figure = new_figure(8, 4.6)
    axes = figure.add_subplot()
    if len(read) == 1:
        _draw_alone(axes, next(iter(read.values())))
    else:
        for number, (name, run) in enumerate(read.items()):
            _draw_beside_others(axes, name, run, number)
        axes.plot([], [], color=GREY, alpha=_PALE, linewidth=1, label="training, masked positions (pale)")
    _draw_marks(axes, read)
    _set_limits(axes, list(read.values()))
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(fontsize=8, facecolor="white", edgecolor="none", framealpha=0.9)
    tidy(axes, title, _LABELS[against], "loss (bits per base)")
    if against == "tokens":
        axes.xaxis.set_major_formatter(need("matplotlib.ticker", what="a figure").EngFormatter(sep=""))
    return figure


def _read(name: str, rows: Sequence[LogRow], against: Against) -> _Run:
    train = [row for row in rows if row.get("event") == "train"]
    if not train:
        what = "the log holds no training step"
        raise InputError(what, place=name or None, remedy="give the log.jsonl of a run that has started")
    steps = np.array([row["step"] for row in train], dtype=np.float64)
    at = steps if against == "steps" else np.cumsum([_passed(name, row, against) for row in train])
    bits = np.array([row["loss_nats"] for row in train]) / math.log(2)
    points: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if row.get("event") == "evaluate":
            points.setdefault(row["split"], []).append((row["step"], row["bits_per_base"]))
    held_out = {}
    for split, found in points.items():
        step, losses = np.array(found, dtype=np.float64).T
        held_out[split] = _Curve(np.interp(step, [0.0, *steps], [0.0, *at]), losses)
    return _Run(_Curve(at, bits), held_out, *_marks(rows))


def _passed(name: str, row: LogRow, against: Against) -> float:
    """Hours of a step, or tokens."""
    try:
        return float(row["seconds"] / 3600 if against == "hours" else row["tokens"])
    except KeyError as error:
        what = f"the log does not say {error} of step {row['step']}"
        raise InputError(what, place=name or None, remedy="draw it against steps") from None


def _marks(rows: Sequence[LogRow]) -> tuple[dict[str, float], str]:
    """Baselines of validation, which are known from the start; of another split where there are no such."""
    by_split = {row["split"]: row["bits_per_base"] for row in rows if row.get("event") == "baselines"}
    if not by_split:
        return {}, ""
    split = "validation" if "validation" in by_split else next(iter(by_split))
    best: dict[str, tuple[float, str]] = {}
    for name, bits in by_split[split].items():
        kind = name.removesuffix(name.split(" ")[-1]).removesuffix("order ")
        best[kind] = min(best.get(kind, (math.inf, "")), (bits, name))
    return {name: bits for bits, name in best.values()}, split


def _means(curve: _Curve, n_points: int) -> _Curve:
    """Means over neighbouring steps."""
    pieces = np.array_split(np.array(curve).T, min(len(curve.at), n_points))
    return _Curve(*np.array([piece.mean(0) for piece in pieces]).T)


def _draw_alone(axes: "Axes", run: _Run) -> None:
    """Every step faintly, means over neighbouring steps, and each held-out part in a colour of its own."""
    axes.plot(*_means(run.train, _FAINT_POINTS), color=BLUE, alpha=0.2, linewidth=0.6)
    axes.plot(*_means(run.train, _SMOOTHED_POINTS), color=BLUE, linewidth=1.6, label="training, masked positions")
    for split, curve in run.held_out.items():
        label = f"{split}: {curve.bits[-1]:.4f}"
        axes.plot(*curve, marker="o", markersize=4, color=_SPLIT_COLOURS.get(split, GREEN), label=label)


def _draw_beside_others(axes: "Axes", name: str, run: _Run, number: int) -> None:
    """One colour a run: the training loss pale, held-out parts with markers."""
    colour = _RUN_COLOURS[number % len(_RUN_COLOURS)]
    line = _RUN_LINES[number // len(_RUN_COLOURS) % len(_RUN_LINES)]
    label = None if run.held_out else f"{name}: nothing held out"
    axes.plot(*_means(run.train, _SMOOTHED_POINTS), color=colour, linestyle=line, alpha=_PALE, linewidth=1, label=label)
    for split, curve in run.held_out.items():
        label = f"{name}, {split}: {curve.bits[-1]:.4f}"
        marker = _MARKERS.get(split, "s")
        axes.plot(*curve, color=colour, linestyle=line, marker=marker, markersize=4, label=label)


def _draw_marks(axes: "Axes", runs: Mapping[str, _Run]) -> None:
    """Each baseline once, however many runs have the same."""
    marks: dict[tuple[str, str], str] = {}
    for name, run in runs.items():
        for baseline, bits in run.marks.items():
            marks.setdefault((f"{baseline}: {bits:.4f} ({run.marked})", f"{bits:.6f}"), name)
    shared = len({name for name in marks.values()}) <= 1
    for number, ((label, level), name) in enumerate(marks.items()):
        whose = label if shared else f"{label}, {name}"
        line = _MARK_LINES[number % len(_MARK_LINES)]
        axes.axhline(float(level), color=GREY, linestyle=line, linewidth=1.2, label=whose)


def _set_limits(axes: "Axes", runs: Sequence[_Run]) -> None:
    """From the lowest that is drawn to two bits, or beyond them where training is."""
    n_points = _FAINT_POINTS if len(runs) == 1 else _SMOOTHED_POINTS
    drawn = [_means(run.train, n_points).bits for run in runs]
    settled = np.concatenate([bits[len(bits) // _UNSETTLED_SHARE :] for bits in drawn])
    lowest = [bits for run in runs for bits in (*run.marks.values(), *(c.bits.min() for c in run.held_out.values()))]
    axes.set_ylim(min([settled.min(), *lowest]) - 0.02, max(settled.max(), _UNIFORM_BITS) + 0.02)
