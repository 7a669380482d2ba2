"""Motifs as rows of sequence logos: what stands there beside what is expected of it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dna_mamba.plotting.figures import new_figure, tidy
from dna_mamba.plotting.logo import LEAST_AXIS_BITS, draw_logo, letter_heights

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Panel = tuple[str, Sequence[int], Mapping[str, NDArray[np.float64]]]
"""A motif's title, the offsets of its positions (S,), and by column p(A, C, G, T) at each, (S, 4)."""
_COLUMN_IN, _ROW_IN = 3.2, 1.35


def motif_figure(panels: Sequence[Panel]) -> "Figure":
    """A row a motif, a column for each of its tables: the first on a scale of its own, the others on one, in bits.

    Raises:
        InputError: matplotlib is not installed.
    """
    n_columns = max((len(tables) for _, _, tables in panels), default=1)
    figure = new_figure(_COLUMN_IN * n_columns, max(1, len(panels)) * _ROW_IN)
    for row, (title, offsets, tables) in enumerate(panels):
        heights = {name: letter_heights(p_S4) for name, p_S4 in tables.items()}
        tops = [float(heights_S4.sum(1).max(initial=0)) for heights_S4 in heights.values()]
        for column, (name, heights_S4) in enumerate(heights.items()):
            axes = figure.add_subplot(len(panels), n_columns, row * n_columns + column + 1)
            draw_logo(axes, heights_S4)
            axes.set_ylim(0, 1.05 * max(LEAST_AXIS_BITS, *(tops[1:] if column else tops[:1])))
            axes.set_xticks(range(len(offsets)), [str(offset) for offset in offsets])
            tidy(axes, f"{title}\n{name}" if column == 0 else name, y_label="bits" if column == 0 else "")
            axes.title.set_fontsize(7)
            axes.tick_params(labelsize=6)
    return figure
