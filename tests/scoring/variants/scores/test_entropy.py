import numpy as np
import pytest

from dna_mamba.inference.questions import Answers
from dna_mamba.scoring.variants.scores.entropy import Entropy
from tests.scoring.variants.scores.hand import CASES, Letters, letters_of, said_of, values_of
from tests.worlds import small_model


@pytest.mark.parametrize("mode", ["post-hoc", "shared"])
@pytest.mark.parametrize("name", [name for name in CASES if name != "insertion"])
def test_against_its_formula(mode, name):
    model, letters = small_model(mode), letters_of(CASES[name])
    sites = range(len(letters.left), len(letters.left) + len(letters.ref))
    rows = [np.exp(said_of(model, letters.with_ref, masked=i).log_p[i]) for i in sites]
    expected = sum(-(p * np.log(p)).sum() for p in rows) / len(rows)
    assert values_of(Entropy(), model, letters) == (pytest.approx(expected, abs=1e-5),)
    assert 0 < expected <= np.log(4)


def test_a_pure_insertion_has_none():
    letters = letters_of(CASES["insertion"])
    assert letters.ref == "" and values_of(Entropy(), small_model("post-hoc"), letters) == (None,)


@pytest.mark.parametrize(("p", "expected"), [([0.25] * 4, np.log(4)), ([1 - 3e-7, 1e-7, 1e-7, 1e-7], 0)])
def test_its_range(p, expected):
    pair = Letters("A", "C", "T", "A").pair
    (site,) = Entropy().questions(pair)
    answers = Answers({site: np.log(np.array(p, dtype=np.float32))}, {})
    assert Entropy().values(pair, answers) == (pytest.approx(expected, abs=1e-5),)
