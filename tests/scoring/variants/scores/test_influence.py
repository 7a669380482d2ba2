import numpy as np
import pytest

from dna_mamba.inference.questions import Answers, WholeWindow, WindowAnswer
from dna_mamba.scoring.variants.scores.influence import Influence
from tests.scoring.variants.scores.hand import CASES, Letters, letters_of, said_of, values_of
from tests.worlds import small_model


def log_odds(log_p_4, base):
    """Of a base; 1 - p as the sum of the other three: near p = 1 nothing of it would be left."""
    return log_p_4[base] - np.log(sum(np.exp(log_p_4[other]) for other in range(4) if other != base))


@pytest.mark.parametrize("mode", ["post-hoc", "shared"])
@pytest.mark.parametrize("name", CASES)
def test_against_its_formula(mode, name):
    """The mean, over positions outside the change, of max over bases of |logit p(alt) - logit p(ref)|."""
    model, letters = small_model(mode), letters_of(CASES[name])
    ref, alt = (said_of(model, window).log_p for window in (letters.with_ref, letters.with_alt))
    left, right = len(letters.left), len(letters.right)
    largest = []
    for i, j in [*((k, k) for k in range(left)), *((len(ref) - k, len(alt) - k) for k in range(right, 0, -1))]:
        largest.append(max(abs(log_odds(alt[j], base) - log_odds(ref[i], base)) for base in range(4)))
    assert len(largest) == left + right
    assert values_of(Influence(), model, letters) == (pytest.approx(sum(largest) / len(largest), abs=1e-4),)


def by_hand(letters, ref_p, alt_p):
    """Of probabilities that are made up."""
    windows = (letters.pair.ref_codes, letters.pair.alt_codes)
    answers = {
        WholeWindow(codes.tobytes()): WindowAnswer(np.log(np.array(p, np.float32)), np.zeros((len(p), 1), np.float32))
        for codes, p in zip(windows, (ref_p, alt_p), strict=True)
    }
    return Influence().values(letters.pair, Answers({}, answers))


def test_by_hand():
    """The change itself, from near certainty in C to near certainty in T, counts nothing."""
    flat = [0.25] * 4
    ref, alt = [flat, [0.01, 0.97, 0.01, 0.01], flat], [flat, [0.01, 0.01, 0.01, 0.97], [0.7, 0.1, 0.1, 0.1]]
    largest = max(abs(np.log(p / (1 - p)) - np.log(1 / 3)) for p in (0.7, 0.1))
    assert by_hand(Letters("A", "C", "T", "A"), ref, alt) == (pytest.approx(largest / 2, abs=1e-6),)


def test_near_certainty_keeps_its_digits():
    """1 - p is the sum of the other three: from p itself nothing of it would be left."""
    tiny = 1e-12
    ref, alt = [[1.0, tiny, tiny, tiny], [0.25] * 4], [[1.0, 2 * tiny, 2 * tiny, 2 * tiny], [0.25] * 4]
    assert by_hand(Letters("A", "C", "T", ""), ref, alt) == (pytest.approx(np.log(2), rel=1e-4),)


def test_a_change_that_is_the_whole_window_has_none():
    assert by_hand(Letters("", "C", "T", ""), [[0.25] * 4], [[0.25] * 4]) == (None,)
