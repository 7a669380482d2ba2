import numpy as np
import pytest

from dna_mamba.scoring.variants.scores.masked_llr import MaskedLlr
from tests.scoring.variants.scores.hand import CASES, letters_of, said_of, values_of
from tests.worlds import small_model


def pseudo_log_likelihood(model, letters, allele):
    """Sum of ln 4p over the bases of an allele, each masked in turn."""
    window, start = letters.left + allele + letters.right, len(letters.left)
    rows = [said_of(model, window, masked=start + i).log_p[start + i] for i in range(len(allele))]
    return sum(row["ACGT".index(base)] + np.log(4) for row, base in zip(rows, allele, strict=True))


@pytest.mark.parametrize("mode", ["post-hoc", "shared"])
@pytest.mark.parametrize("name", CASES)
def test_against_its_formula(mode, name):
    model, letters = small_model(mode), letters_of(CASES[name])
    expected = pseudo_log_likelihood(model, letters, letters.alt) - pseudo_log_likelihood(model, letters, letters.ref)
    assert values_of(MaskedLlr(), model, letters) == (pytest.approx(expected, abs=2e-5),)


def test_a_substitution_is_read_off_one_masked_site():
    model, letters = small_model("post-hoc"), letters_of(CASES["substitution"])
    log_p = said_of(model, letters.with_ref, masked=len(letters.left)).log_p[len(letters.left)]
    expected = log_p["ACGT".index(letters.alt)] - log_p["ACGT".index(letters.ref)]
    assert values_of(MaskedLlr(), model, letters) == (pytest.approx(expected, abs=2e-5),)
    assert len(set(MaskedLlr().questions(letters.pair))) == 1
