"""Blended contexts against the formula spelled out, and what blending is for."""

import numpy as np
import pytest

from dna_mamba.alphabet import N_CODE, Codes
from dna_mamba.data.blending import BlendedContexts, one_sided_contexts, two_sided_contexts
from dna_mamba.data.words import Context, WordCounts


def random_codes(length: int, seed: int) -> Codes:
    return np.random.default_rng(seed).choice(5, p=[0.3, 0.2, 0.2, 0.28, 0.02], size=length).astype(np.uint8)


def by_formula(counts: WordCounts, blended: BlendedContexts, codes: Codes, at: int) -> np.ndarray:
    p_4 = np.full(4, 0.25)
    for (left, right), strength in zip(blended.contexts, blended.strengths, strict=True):
        around = [*codes[max(0, at - left) : at], *codes[at + 1 : at + 1 + right]]
        if len(around) < left + right or N_CODE in around:
            break
        spelled = [[*around[:left], base, *around[left:]] for base in range(4)]
        n_4 = np.array([counts.table(left + 1 + right)[int("".join(map(str, word)), 4)] for word in spelled])
        p_4 = (n_4 + strength * p_4) / (n_4.sum() + strength)
    return p_4


@pytest.mark.parametrize("contexts", [one_sided_contexts(5), two_sided_contexts(5)], ids=["one-sided", "two-sided"])
def test_probabilities_are_those_of_the_formula(contexts: list[Context]) -> None:
    train, codes = random_codes(2000, 1), random_codes(60, 2)
    counts = WordCounts([train], 5)
    blended = BlendedContexts(counts, contexts, [train])
    p_N4 = blended.probabilities(codes, np.arange(60))
    np.testing.assert_allclose(p_N4, [by_formula(counts, blended, codes, at) for at in range(60)], rtol=1e-12)
    np.testing.assert_allclose(p_N4.sum(1), 1)


def test_contexts_grow_by_a_base_at_a_time() -> None:
    assert two_sided_contexts(6) == [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2)]
    assert one_sided_contexts(3) == [(0, 0), (1, 0), (2, 0)]
    assert two_sided_contexts()[-1] == (6, 6) and one_sided_contexts()[-1] == (12, 0)


def test_strengths_are_the_likeliest_with_each_word_left_out() -> None:
    """Bases that do not depend on their neighbours want the shorter context; bases that follow a rule the longer."""
    independent = np.random.default_rng(1).integers(0, 4, 20_000).astype(np.uint8)
    ruled = np.resize(np.array([0, 1, 2, 3, 3, 0, 2, 1], np.uint8), 20_000)
    unruly, orderly = (
        BlendedContexts(WordCounts([codes], 6), one_sided_contexts(6), [codes]) for codes in (independent, ruled)
    )
    assert min(unruly.strengths[1:]) >= 2**10
    assert max(orderly.strengths[1:4]) <= 1
    bits = -np.log2(unruly.probabilities(independent[:5000], np.arange(5000))[np.arange(5000), independent[:5000]])
    assert bits.mean() == pytest.approx(2, abs=0.01)


def test_nothing_was_counted() -> None:
    blended = BlendedContexts(WordCounts([], 3), one_sided_contexts(3), [])
    np.testing.assert_allclose(blended.probabilities(random_codes(9, 1), np.arange(9)), 0.25)
