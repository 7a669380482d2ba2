"""Sequence logos (Schneider & Stephens 1990): letters as high as the information they carry, in bits.

Drawn here because a logo is just stretched letters: a library for it would bring pandas along.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import BASES
from dna_mamba.plotting.figures import BASE_COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path

MAX_BITS = 2.0
_SMALLEST_BITS = 1e-3
"""Letters below this height cannot be seen and are left out."""
LEAST_AXIS_BITS = 0.05
_WIDTH = 0.94
"""Of a letter, as a share of a position."""


def letter_heights(probabilities_L4: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probability times information content, p (2 + sum p log2 p), in bits, (L, 4).

    The letters of a position add up to 2 where one base is certain, to 0 where all four are equal.
    """
    p_L4 = np.asarray(probabilities_L4, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms_L4 = np.where(p_L4 > 0, p_L4 * np.log2(p_L4), 0.0)
    heights: NDArray[np.float64] = p_L4 * np.maximum(MAX_BITS + terms_L4.sum(axis=1, keepdims=True), 0)
    return heights


def draw_logo(axes: "Axes", heights_L4: NDArray[np.float64], *, start: float = 0) -> None:
    """Stack the letters of each position, the highest on top; the axis ends at the highest stack.

    Position ``i`` is centred on ``start + i``.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.transforms import Affine2D

    for i, heights in enumerate(heights_L4):
        bottom = 0.0
        for base in np.argsort(heights, kind="stable"):
            if heights[base] < _SMALLEST_BITS:
                continue
            place = Affine2D().scale(_WIDTH, heights[base]).translate(start + i - _WIDTH / 2, bottom)
            letter = BASES[base]
            patch = PathPatch(place.transform_path(_glyph(letter)), facecolor=BASE_COLOURS[letter], linewidth=0)
            axes.add_patch(patch)
            bottom += heights[base]
    axes.set_xlim(start - 0.5, start + len(heights_L4) - 0.5)
    axes.set_ylim(0, max(LEAST_AXIS_BITS, 1.05 * float(heights_L4.sum(axis=1).max(initial=0))))


@cache
def _glyph(letter: str) -> "Path":
    """A letter stretched to the unit square, in the font that matplotlib brings."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    outline = TextPath((0, 0), letter, size=1, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    box = outline.get_extents()
    return Affine2D().translate(-box.x0, -box.y0).scale(1 / box.width, 1 / box.height).transform_path(outline)
