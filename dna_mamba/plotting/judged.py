"""How well answers agree with the truth: ROC, precision and recall, confusion, calibration, values against values."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.plotting.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, GREY)
_MOST_POINTS = 5000
_MOST_NAMES = 12


class Line(NamedTuple):
    """Points of a line, (n,) each, and what the legend says of it."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    label: str


def curves(lines: Sequence[Line], *, title: str, x_label: str, y_label: str, diagonal: bool) -> "Figure":
    """Lines between 0 and 1: ROC, precision and recall, or calibration; ``diagonal`` draws that of chance.

    Raises:
        InputError: matplotlib is not installed.
    """
    figure = new_figure(5.2, 4.6)
    axes = figure.add_subplot()
    if diagonal:
        axes.plot([0, 1], [0, 1], color="#c8c8c8", linewidth=1, linestyle="--")
    for number, line in enumerate(lines):
        colour = _COLOURS[number % len(_COLOURS)]
        style = "-" if number < len(_COLOURS) else ":"
        few = len(line.x) <= 20
        axes.plot(line.x, line.y, color=colour, linestyle=style, label=line.label, linewidth=2 if number == 0 else 1.2,
                  marker="o" if few else None, markersize=3, zorder=20 - number)  # fmt: skip
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.legend(fontsize=7.5, frameon=False)
    tidy(axes, title, x_label, y_label)
    return figure


def confusion_map(counts_KK: NDArray[np.int64], names: Sequence[str], *, title: str) -> "Figure":
    """Rows are the truth, columns what was said; shades are shares of a row, numbers are counts.

    Args:
        counts_KK: (K, K).
        names: of the K classes.
        title: shown above.

    Raises:
        InputError: matplotlib is not installed.
    """
    side = max(3.6, 0.55 * len(names) + 2)
    figure = new_figure(side + 0.6, side)
    axes = figure.add_subplot()
    shares = counts_KK / np.maximum(1, counts_KK.sum(1, keepdims=True))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(names) <= _MOST_NAMES:
        for row in range(len(names)):
            for column in range(len(names)):
                colour, count = "white" if shares[row, column] > 0.6 else "black", f"{counts_KK[row, column]:,}"
                axes.text(column, row, count, ha="center", va="center", fontsize=8, color=colour)
    _name_ticks(axes, names)
    tidy(axes, title, "said", "truth")
    return figure


def _name_ticks(axes: "Axes", names: Sequence[str]) -> None:
    axes.set_xticks(range(len(names)), [name[:16] for name in names], rotation=45 if len(names) > 3 else 0)
    axes.set_yticks(range(len(names)), [name[:16] for name in names])


def values_against_truth(
    truth: Mapping[str, NDArray[np.float64]], said: Mapping[str, NDArray[np.float64]], *, title: str
) -> "Figure":
    """For each target a panel of values said against true ones, and one of what is left over.

    Args:
        truth: (n,) by target.
        said: (n,) by target.
        title: shown above.

    Raises:
        InputError: matplotlib is not installed.
    """
    figure = new_figure(8.4, 3.8 * len(truth))
    panels = figure.subplots(len(truth), 2, squeeze=False)
    for (name, true), (left, right) in zip(truth.items(), panels, strict=True):
        chosen = np.random.default_rng(0).permutation(len(true))[:_MOST_POINTS]
        x, y = true[chosen], said[name][chosen]
        ends = float(true.min()), float(true.max())
        left.plot(ends, ends, color="#c8c8c8", linewidth=1, linestyle="--")
        left.scatter(x, y, s=5, alpha=0.35, color=BLUE, linewidths=0)
        tidy(left, title, f"{name}, truth", f"{name}, predicted")
        right.axhline(0, color="#c8c8c8", linewidth=1, linestyle="--")
        right.scatter(y, x - y, s=5, alpha=0.35, color=VERMILION, linewidths=0)
        tidy(right, "Residuals", f"{name}, predicted", "truth - predicted")
    return figure
