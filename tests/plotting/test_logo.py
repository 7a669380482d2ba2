import numpy as np
import pytest

from dna_mamba.plotting.figures import BASE_COLOURS, new_figure
from dna_mamba.plotting.logo import draw_logo, letter_heights

pytest.importorskip("matplotlib")


def test_heights_are_bits():
    p = np.array([[1, 0, 0, 0], [0.25] * 4, [0.5, 0, 0.5, 0]])
    np.testing.assert_allclose(letter_heights(p), [[2, 0, 0, 0], [0] * 4, [0.5, 0, 0.5, 0]], atol=1e-12)


def test_letters_are_stretched_to_their_heights_and_stacked():
    from matplotlib.colors import to_hex

    axes = new_figure(3, 1).add_subplot()
    heights = np.array([[0.2, 0.0, 0.9, 0.1], [1.5, 0, 0, 0]])
    draw_logo(axes, heights, start=101)
    boxes = [patch.get_path().get_extents() for patch in axes.patches]
    colours = [to_hex(patch.get_facecolor()).upper() for patch in axes.patches]
    assert colours == [BASE_COLOURS[base].upper() for base in "TAGA"]
    assert [round(box.y0, 6) for box in boxes] == [0, 0.1, 0.3, 0]
    assert [round(box.height, 6) for box in boxes] == [0.1, 0.2, 0.9, 1.5]
    assert [round((box.x0 + box.x1) / 2, 6) for box in boxes] == [101, 101, 101, 102]
    assert axes.get_xlim() == (100.5, 102.5) and axes.get_ylim()[1] >= 1.5
