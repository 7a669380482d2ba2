"""Figures of motifs: an axis for each table, the same heights for what is compared."""

import numpy as np
import pytest

from dna_mamba.plotting.motif_logos import motif_figure

pytest.importorskip("matplotlib")


def test_a_row_a_motif_and_a_column_a_table() -> None:
    sure, flat, leaning = np.eye(4)[[0, 1]], np.full((2, 4), 0.25), np.array([[0.7, 0.1, 0.1, 0.1]] * 2)
    tables = {"observed": sure, "model": leaning, "Markov": flat}
    figure = motif_figure([("one (7)", [-2, -1], tables), ("two (9)", [0, 1], tables)])
    tops = [axes.get_ylim()[1] for axes in figure.axes]
    assert len(tops) == 6 and tops[0] > 2 and tops[1] == tops[2] < 1
    assert figure.axes[0].get_title(loc="left") == "one (7)\nobserved"
    assert [label.get_text() for label in figure.axes[4].get_xticklabels()] == ["0", "1"]
