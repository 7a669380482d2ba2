"""Statuses are words of a column."""

from dna_mamba.scoring.predictions.status import RowStatus


def test_they_are_single_words_and_ok_is_the_last():
    assert all(str(status) == status.name and " " not in status for status in RowStatus)
    assert list(RowStatus)[-1] is RowStatus.OK
