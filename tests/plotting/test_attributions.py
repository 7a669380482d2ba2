import numpy as np
import pytest

from dna_mamba.plotting import Marked, attribution_logo


def letters(axes):
    return [patch for patch in axes.patches if type(patch).__name__ == "PathPatch"]


@pytest.mark.parametrize(("length", "rows"), [(1, 1), (100, 1), (101, 2)])
def test_every_base_has_one_letter_on_one_scale(length, rows):
    values = np.where(np.arange(length) % 2, -1.0, 2.0)
    sequence = ("ACGT" * length)[:length]
    figure = attribution_logo(sequence, values, range(1, length + 1), chrom="c", unit="log odds")
    assert len(figure.axes) == rows
    assert sum(len(letters(axes)) for axes in figure.axes) == length
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_letters_against_the_score_hang_below_zero_and_n_has_none():
    figure = attribution_logo("ANC", np.array([0.5, 3.0, -0.25]), [7, 8, 9], chrom="c", unit="nats")
    first, second = letters(figure.axes[0])
    assert np.isclose(first.get_path().get_extents().y1, 0.5)
    assert np.isclose(second.get_path().get_extents().y0, -0.25)
    assert np.isclose(second.get_path().get_extents().y1, 0)
    low, high = figure.axes[0].get_ylim()
    assert -0.3 < low < -0.25 and 0.5 < high < 0.55


def test_alleles_are_marked_and_positions_are_those_given():
    positions = [*range(96, 101), 100, *range(101, 106)]
    alleles = [Marked(4, 5, "ref"), Marked(5, 6, "alt")]
    figure = attribution_logo("ACGTACGTACG", np.ones(11), positions, chrom="chr7", unit="nats", marked=alleles)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["ref", "alt"]
    assert axes.get_xticks().tolist() == [4, 5, 10]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["100", "100", "105"]
    assert axes.get_xlabel() == "position on chr7"


def test_nothing_to_see():
    figure = attribution_logo("ACG", np.zeros(3), [1, 2, 3], chrom="c", unit="nats")
    assert not letters(figure.axes[0])
