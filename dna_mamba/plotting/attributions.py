"""What each base contributes, as a logo of the sequence: letters above zero for the score, below zero against it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import BASES
from dna_mamba.plotting.figures import GREY, new_figure, tidy
from dna_mamba.plotting.logo import draw_logo
from dna_mamba.plotting.position_rows import mark_positions, row_length, row_width

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW_INCHES, _TITLE_INCHES = 1.35, 0.7
_SMALLEST_SHARE = 1e-3
"""Of the axis: lower letters cannot be seen and are left out."""


class Marked(NamedTuple):
    """Bases ``[first, last)`` of the sequence that are shaded, and what they are."""

    first: int
    last: int
    label: str


def attribution_logo(
    sequence: str,
    attributions_L: NDArray[np.floating],
    positions: Sequence[int],
    *,
    chrom: str,
    unit: str,
    title: str = "",
    marked: Sequence[Marked] = (),
) -> "Figure":
    """One letter a base, as high as its attribution, in rows that share a scale.

    Args:
        sequence: the bases, (L,); others than A, C, G, T have no letter.
        attributions_L: what each contributes, (L,).
        positions: of each base on ``chrom``, counted from 1.
        chrom: name of the sequence, for the axis.
        unit: of the attributions.
        title: what was explained with what.
        marked: stretches to shade, such as the alleles of a variant.

    Raises:
        InputError: matplotlib is not installed.
    """
    heights_L4 = np.zeros((len(sequence), 4))
    for i, letter in enumerate(sequence):
        if letter in BASES:
            heights_L4[i, BASES.index(letter)] = attributions_L[i]
    row_bp = row_length(len(sequence))
    n_rows = -(-len(sequence) // row_bp)
    figure = new_figure(row_width(row_bp), _TITLE_INCHES + _ROW_INCHES * n_rows)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    lowest, highest = min(0.0, float(heights_L4.min(initial=0))), max(0.0, float(heights_L4.max(initial=0)))
    span = (highest - lowest) or 1.0
    rows = figure.subplots(n_rows, 1, squeeze=False)[:, 0]
    for row, axes in enumerate(rows):
        first = row * row_bp
        last = min(first + row_bp, len(sequence))
        for stretch in marked:
            if stretch.first < last and stretch.last > first:
                axes.axvspan(stretch.first - 0.5, stretch.last - 0.5, color=GREY, alpha=0.25, linewidth=0)
                middle = (max(stretch.first, first) + min(stretch.last, last) - 1) / 2
                axes.annotate(
                    stretch.label, (middle, 1), xycoords=("data", "axes fraction"), fontsize=7, ha="center", va="bottom"
                )
        draw_logo(axes, heights_L4[first:last], start=first, smallest=_SMALLEST_SHARE * span)
        axes.axhline(0, color=GREY, linewidth=0.6)
        axes.set_ylim(lowest - 0.05 * span, highest + 0.05 * span)
        axes.set_xlim(first - 0.5, first + row_bp - 0.5)  # a short last row keeps the scale of the others
        mark_positions(axes, range(first, last), positions[first:last], row_bp)
        tidy(axes, "", f"position on {chrom}" if row == n_rows - 1 else "", unit if row == 0 else "")
    return figure
