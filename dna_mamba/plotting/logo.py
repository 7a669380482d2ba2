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


def draw_logo(
    axes: "Axes", heights_L4: NDArray[np.floating], *, start: float = 0, smallest: float = _SMALLEST_BITS
) -> None:
    """Stack the letters of each position, the highest on top; the axis ends at the highest stack.

    Letters of negative height hang below zero, upside down. Position ``i`` is centred on ``start + i``; letters lower
    than ``smallest`` are left out.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.transforms import Affine2D

    for i, heights in enumerate(heights_L4):
        ends = [0.0, 0.0]  # of the stacks above and below zero
        for base in np.argsort(np.abs(heights), kind="stable"):
            height, below = float(heights[base]), int(heights[base] < 0)
            if abs(height) < smallest:
                continue
            place = Affine2D().scale(_WIDTH, height).translate(start + i - _WIDTH / 2, ends[below])
            letter = BASES[base]
            patch = PathPatch(place.transform_path(_glyph(letter)), facecolor=BASE_COLOURS[letter], linewidth=0)
            axes.add_patch(patch)
            ends[below] += height
    axes.set_xlim(start - 0.5, start + len(heights_L4) - 0.5)
    lowest = float(heights_L4.clip(max=0).sum(axis=1).min(initial=0))
    highest = float(heights_L4.clip(min=0).sum(axis=1).max(initial=0))
    axes.set_ylim(1.05 * lowest, max(LEAST_AXIS_BITS, 1.05 * highest))


@cache
def _glyph(letter: str) -> "Path":
    """A letter stretched to the unit square, in the font that matplotlib brings."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    outline = TextPath((0, 0), letter, size=1, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    box = outline.get_extents()
    return Affine2D().translate(-box.x0, -box.y0).scale(1 / box.width, 1 / box.height).transform_path(outline)
