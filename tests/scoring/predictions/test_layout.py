"""Answers as writers see them: known, wanted, a value a base."""

import numpy as np

from tests.scoring.predictions.laid_out import answers_of


def test_bins_are_wanted_and_known_as_wholes():
    answers = answers_of("ACGTNNNNACNNACGTAC", bin_bp=4, regions=[(5, 6), (11, 13)])
    assert answers.known(0).tolist() == [True, False, True, True]
    assert answers.wanted(0).tolist() == [False, True, True, True]


def test_a_track_has_a_value_a_base_but_at_n():
    answers = answers_of("ACGTNNNNACNNACGTAC", bin_bp=4)
    (stretch,) = answers.stretches(0)
    values = answers.values(0)[:, 0]
    assert (stretch.chrom, stretch.start, len(stretch.values)) == ("c", 0, 16)
    assert np.isnan(stretch.values[[4, 5, 6, 7, 10, 11]]).all()
    assert stretch.values[[0, 3, 8, 12]].tolist() == values[[0, 0, 2, 3]].tolist()
