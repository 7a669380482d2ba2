"""In-silico saturation mutagenesis as a heat map above the logo of what the model expects."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import BASES
from dna_mamba.plotting.figures import new_figure, tidy
from dna_mamba.plotting.logo import LEAST_AXIS_BITS, MAX_BITS, draw_logo, letter_heights
from dna_mamba.plotting.position_rows import mark_positions, row_length, row_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_COLOURS = "PuOr"
"""Orange below zero, purple above: told apart by every kind of colour vision (Brewer's scales)."""


def mutagenesis_map(
    sequence: str,
    llr_L4: NDArray[np.floating],
    log_probabilities_L4: NDArray[np.floating],
    *,
    chrom: str,
    start: int,
    title: str = "",
) -> "Figure":
    """LLR of every substitution by position and base; below, the logo of the model's probabilities.

    Args:
        sequence: the reference, (L,).
        llr_L4: ln p(base) - ln p(reference) in nats over A, C, G, T, (L, 4); NaN is drawn grey.
        log_probabilities_L4: natural log of p(A, C, G, T), (L, 4).
        chrom: name of the sequence, for the axis.
        start: 0-based position of the first base; the axis counts from 1.
        title: what was scored with what.

    Raises:
        InputError: matplotlib is not installed.
    """
    row_bp = row_length(len(sequence))
    n_rows = -(-len(sequence) // row_bp)
    figure = new_figure(row_width(row_bp), 0.7 + 2.3 * n_rows)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    grid = figure.subplots(2 * n_rows, 1, squeeze=False, height_ratios=[1, 1] * n_rows)[:, 0]
    finite = np.abs(llr_L4[np.isfinite(llr_L4)])
    limit = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    heights_L4 = letter_heights(np.exp(log_probabilities_L4))
    highest = min(MAX_BITS, max(LEAST_AXIS_BITS, 1.05 * float(heights_L4.sum(axis=1).max())))
    for row in range(n_rows):
        here = slice(row * row_bp, min((row + 1) * row_bp, len(sequence)))
        pos = start + here.start + 1
        heat, logo = grid[2 * row], grid[2 * row + 1]
        image = _draw_heat(heat, sequence[here], llr_L4[here], pos, limit)
        draw_logo(logo, heights_L4[here], start=pos)
        logo.set_ylim(0, highest)  # one scale for all rows
        for axes in (heat, logo):
            axes.set_xlim(pos - 0.5, pos + row_bp - 0.5)  # a short last row keeps the scale of the others
        shown = range(pos, pos + here.stop - here.start)
        mark_positions(logo, shown, shown, row_bp)
        tidy(logo, "", f"position on {chrom}" if row == n_rows - 1 else "", "bits")
    bar = figure.colorbar(image, ax=list(grid), fraction=0.03, pad=0.01, aspect=12 * n_rows)
    bar.set_label("LLR (nats)\n← alt less likely", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure


def _draw_heat(axes: "Axes", sequence: str, llr_L4: NDArray[np.floating], pos: int, limit: float) -> "AxesImage":
    """One cell a substitution; the reference base is a dot in its own row and a letter below the column."""
    image = axes.imshow(
        np.ma.masked_invalid(llr_L4.T),
        cmap=_COLOURS,
        vmin=-limit,
        vmax=limit,
        aspect="auto",
        interpolation="nearest",
        extent=(pos - 0.5, pos + len(sequence) - 0.5, len(BASES) - 0.5, -0.5),
    )
    axes.set_facecolor("#bdbdbd")
    known = [(pos + i, BASES.index(ref)) for i, ref in enumerate(sequence) if ref in BASES]
    if known:
        axes.plot(*zip(*known, strict=True), "o", color="black", markersize=2.2)
    axes.set_yticks(range(len(BASES)), list(BASES))
    axes.set_xticks(range(pos, pos + len(sequence)), list(sequence))
    tidy(axes, "", "", "alt")
    axes.tick_params(axis="x", length=0, pad=1, labelsize=7)
    axes.spines[:].set_visible(False)
    return image
