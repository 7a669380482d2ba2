import numpy as np
import pytest

from dna_mamba.inference.questions import Answers, WholeWindow, WindowAnswer
from dna_mamba.scoring.variants.scores.embedding_distance import EmbeddingDistance
from tests.scoring.variants.scores.hand import CASES, Letters, letters_of, said_of, values_of
from tests.worlds import small_model


def distances(u, v):
    euclidean = np.sqrt(((u - v) ** 2).sum())
    return euclidean, 1 - (u * v).sum() / np.sqrt((u**2).sum() * (v**2).sum())


@pytest.mark.parametrize("mode", ["post-hoc", "shared"])
@pytest.mark.parametrize("name", CASES)
def test_against_its_formulas(mode, name):
    model, letters = small_model(mode), letters_of(CASES[name])
    ref, alt = (said_of(model, window).hidden for window in (letters.with_ref, letters.with_alt))
    start = len(letters.left)
    near = [x[max(0, start - 8) : start + len(a) + 8].mean(0) for x, a in ((ref, letters.ref), (alt, letters.alt))]
    expected = (*distances(ref.mean(0), alt.mean(0)), *distances(*near))
    assert values_of(EmbeddingDistance(), model, letters) == pytest.approx(expected, rel=5e-3, abs=1e-8)


def by_hand(ref_LC, alt_LC):
    """Distances of hidden states that are made up."""
    letters = Letters("A" * 10, "G", "T", "A" * 10)
    windows = (letters.pair.ref_codes, letters.pair.alt_codes)
    said = (np.asarray(hidden, dtype=np.float32) for hidden in (ref_LC, alt_LC))
    answers = {
        WholeWindow(codes.tobytes()): WindowAnswer(np.zeros((21, 4), np.float32), hidden)
        for codes, hidden in zip(windows, said, strict=True)
    }
    return EmbeddingDistance().values(letters.pair, Answers({}, answers))


def test_by_hand():
    ref, alt = np.zeros((21, 2)), np.zeros((21, 2))
    ref[:, 0], alt[:, 1] = 3, 4
    assert by_hand(ref, alt) == pytest.approx((5, 1, 5, 1))
    assert by_hand(ref, -ref) == pytest.approx((6, 2, 6, 2))
    assert by_hand(ref, ref) == (0, 0, 0, 0)
    assert by_hand(ref, 0 * ref) == (3, 0, 3, 0)  # no direction


@pytest.mark.parametrize(("position", "is_near"), [(1, False), (2, True), (18, True), (19, False)])
def test_local_is_the_change_and_eight_bases_around_it(position, is_near):
    """The change lies at position 10 of 21."""
    ref = np.ones((21, 2))
    alt = ref.copy()
    alt[position, 0] = 22
    l2, _, local_l2, _ = by_hand(ref, alt)
    assert l2 == pytest.approx(1)
    assert local_l2 == pytest.approx(21 / 17 if is_near else 0)
