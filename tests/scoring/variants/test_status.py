import pytest

from dna_mamba.scoring.variants.status import AlleleStatus, status_of_spelling


@pytest.mark.parametrize(
    "alt", ["<DEL>", "<NON_REF>", "<*>", "G]17:198982]", "]13:123456]T", "C[2:321682[", "G.", ".A"]
)
def test_symbols_and_breakends(alt):
    assert status_of_spelling(alt) is AlleleStatus.SYMBOLIC


def test_star():
    assert status_of_spelling("*") is AlleleStatus.STAR


@pytest.mark.parametrize("alt", ["A", "acgt", "N", "GATTACA"])
def test_letters(alt):
    assert status_of_spelling(alt) is None
