"""How a pretraining run went: training and held-out loss against steps, beside the baselines."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dna_mamba.errors import InputError
from dna_mamba.plotting.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LogRow = Mapping[str, Any]
_SMOOTHED_POINTS = 200
_UNSETTLED_SHARE = 20
"""The first twentieth of a run may leave the picture, so that the rest of it can be read."""
_UNIFORM_BITS = 2.0
"""Loss of a guess among four bases."""
_COLOURS = {"validation": VERMILION, "test": PURPLE}
_LINES = (":", "--", "-.")


def training_curve(rows: Iterable[LogRow], *, title: str = "Pretraining") -> "Figure":
    """Loss in bits per base against optimiser steps.

    Args:
        rows: the log of a run, each with ``event`` and ``step``: ``train`` rows hold ``loss_nats``, ``evaluate`` rows
            ``split`` and ``bits_per_base``, ``baselines`` rows ``split`` and ``bits_per_base`` by name. The lowest
            baseline of each kind (the first word of its name) becomes a horizontal line.
        title: shown above the axes.

    Raises:
        InputError: no training step in the log, or matplotlib is not installed.
    """
    rows = list(rows)
    train = [(row["step"], row["loss_nats"] / math.log(2)) for row in rows if row.get("event") == "train"]
    if not train:
        raise InputError("the log holds no training step", remedy="give the log.jsonl of a run that has started")
    figure = new_figure(8, 4.6)
    axes = figure.add_subplot()
    _draw_train(axes, np.array(train))
    _draw_held_out(axes, rows)
    _draw_baselines(axes, rows)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(fontsize=8, frameon=False)
    tidy(axes, title, "optimiser steps", "loss (bits per base)")
    return figure


def _draw_train(axes: "Axes", train_N2: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> None:
    """Every step faintly, and means over neighbouring steps."""
    axes.plot(*train_N2.T, color=BLUE, alpha=0.2, linewidth=0.6)
    means = [piece.mean(0) for piece in np.array_split(train_N2, min(len(train_N2), _SMOOTHED_POINTS))]
    axes.plot(*np.array(means).T, color=BLUE, linewidth=1.6, label="training, masked positions")
    settled = train_N2[len(train_N2) // _UNSETTLED_SHARE :, 1]
    axes.set_ylim(settled.min() - 0.02, max(settled.max(), _UNIFORM_BITS) + 0.02)


def _draw_held_out(axes: "Axes", rows: Iterable[LogRow]) -> None:
    points: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if row.get("event") == "evaluate":
            points.setdefault(row["split"], []).append((row["step"], row["bits_per_base"]))
    for split, line in points.items():
        step, bits = zip(*line, strict=True)
        label = f"{split}: {bits[-1]:.4f} at the end"
        axes.plot(step, bits, marker="o", markersize=4, color=_COLOURS.get(split, GREEN), label=label)


def _draw_baselines(axes: "Axes", rows: Iterable[LogRow]) -> None:
    """Those of validation, which are known from the start; of another split where there are no such."""
    by_split = {row["split"]: row["bits_per_base"] for row in rows if row.get("event") == "baselines"}
    if not by_split:
        return
    split = "validation" if "validation" in by_split else next(iter(by_split))
    best: dict[str, tuple[float, str]] = {}
    for name, bits in by_split[split].items():
        kind = name.split(" ", 1)[0]
        best[kind] = min(best.get(kind, (math.inf, "")), (bits, name))
    for (bits, name), style in zip(best.values(), _LINES * len(best), strict=False):
        axes.axhline(bits, color=GREY if style != "--" else ORANGE, linestyle=style, linewidth=1.2)
        axes.plot(
            [], [], color=GREY if style != "--" else ORANGE, linestyle=style, label=f"{name}: {bits:.4f} ({split})"
        )
