import numpy as np
import pytest

from dna_mamba.scoring.variants.scores.unmasked_llr import UnmaskedLlr
from tests.scoring.variants.scores.hand import CASES, letters_of, said_of, values_of
from tests.worlds import small_model


def log_likelihood(model, letters, allele):
    """Sum of ln 4p over the bases of an allele, all read off one pass over its window."""
    log_p, start = said_of(model, letters.left + allele + letters.right).log_p, len(letters.left)
    return sum(log_p[start + i, "ACGT".index(base)] + np.log(4) for i, base in enumerate(allele))


@pytest.mark.parametrize("mode", ["post-hoc", "shared"])
@pytest.mark.parametrize("name", [name for name in CASES if len(CASES[name].ref) + len(CASES[name].alt) > 2])
def test_longer_alleles_against_the_formula(mode, name):
    model, letters = small_model(mode), letters_of(CASES[name])
    expected = log_likelihood(model, letters, letters.alt) - log_likelihood(model, letters, letters.ref)
    assert values_of(UnmaskedLlr(), model, letters) == (pytest.approx(expected, abs=2e-5),)
    assert len(UnmaskedLlr().questions(letters.pair)) == 2


@pytest.mark.parametrize("mode", ["post-hoc", "shared"])
@pytest.mark.parametrize("name", ["substitution", "at the contig's end"])
def test_a_substitution_is_read_off_the_reference_window(mode, name):
    model, letters = small_model(mode), letters_of(CASES[name])
    log_p = said_of(model, letters.with_ref).log_p[len(letters.left)]
    expected = log_p["ACGT".index(letters.alt)] - log_p["ACGT".index(letters.ref)]
    assert values_of(UnmaskedLlr(), model, letters) == (pytest.approx(expected, abs=2e-5),)
    assert len(UnmaskedLlr().questions(letters.pair)) == 1
