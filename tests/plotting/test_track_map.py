import numpy as np
import pytest

from dna_mamba.genome import Interval, Strand
from dna_mamba.plotting import track_map
from dna_mamba.plotting.track_map import running_mean

pytest.importorskip("matplotlib")
REGION = Interval("chrI", 100, 160)
CODING = [
    Interval("chrI", 90, 130, "LEFT", Strand.FORWARD),
    Interval("chrI", 140, 150, "INNER", Strand.REVERSE),
    Interval("chrII", 110, 150, "ELSEWHERE", Strand.FORWARD),
    Interval("chrI", 160, 170, "BEHIND", Strand.FORWARD),
]


def test_running_mean_by_hand():
    values = np.array([1.0, 2.0, np.nan, 4.0, 6.0])
    np.testing.assert_allclose(running_mean(values, 3), [1.5, 1.5, 3, 5, 5])
    np.testing.assert_allclose(running_mean(values, 1), values)
    assert np.isnan(running_mean(np.array([np.nan, np.nan, np.nan, 1.0]), 3)).tolist() == [True, True, False, False]


@pytest.mark.parametrize("width", [2, 3, 10, 101, 200])
def test_running_mean_keeps_the_length(width):
    means = running_mean(np.ones(60), width)
    np.testing.assert_allclose(means, np.ones(60))


def test_values_where_they_lie_and_genes_below():
    values = np.linspace(0, 1, 60)
    figure = track_map({"ref-llr": values, "entropy": 1 - values}, REGION, coding=CODING, smooth_bp=5, title="t")
    first, second, genes = figure.axes
    assert first.get_title(loc="left") == "ref-llr" and second.get_title(loc="left") == "entropy"
    assert first.lines[0].get_xdata().tolist() == list(range(101, 161))
    np.testing.assert_array_equal(first.lines[0].get_ydata(), values)
    assert [text.get_text() for text in genes.texts] == ["LEFT", "INNER"]
    spans = [collection.get_paths()[0].get_extents() for collection in genes.collections]
    assert [(box.x0, box.x1, box.y0 > 1) for box in spans] == [(100.5, 130.5, True), (140.5, 150.5, False)]
    assert len(track_map({"entropy": values}, REGION).axes) == 1
