import pytest

from dna_mamba.plotting.position_rows import row_length, row_width


@pytest.mark.parametrize(("length", "row"), [(0, 1), (1, 1), (100, 100), (101, 51), (250, 84)])
def test_rows_are_even_and_no_longer_than_a_hundred(length, row):
    assert row_length(length) == row


def test_letters_have_room():
    assert row_width(100) - row_width(90) == pytest.approx(1.05)
    assert row_width(5) == row_width(10)
