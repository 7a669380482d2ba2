"""Figures of positions side by side: longer stretches go on in another row, so that letters stay legible."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_BP = 100
_INCHES_A_BP, _LEAST_INCHES = 0.105, 5.5
_TICKS_A_ROW = 10


def row_length(length_bp: int) -> int:
    """Positions in a row: rows are as even as can be, of 100 at most."""
    n_rows = max(1, -(-length_bp // _ROW_BP))
    return max(1, -(-length_bp // n_rows))


def row_width(row_bp: int) -> float:
    """Inches that a figure of such rows is wide."""
    return max(_LEAST_INCHES, 1.2 + _INCHES_A_BP * row_bp)


def mark_positions(axes: "Axes", places: Sequence[int], positions: Sequence[int], row_bp: int) -> None:
    """Ticks at round positions, which count from 1 and lie at ``places``, on an axis of ``row_bp`` of them."""
    step = next(s for s in (5, 10, 20, 50, 100) if row_bp / s <= _TICKS_A_ROW or s == 100)
    ticks = [(place, position) for place, position in zip(places, positions, strict=True) if position % step == 0]
    axes.set_xticks([place for place, _ in ticks], [f"{position:,}" for _, position in ticks])
