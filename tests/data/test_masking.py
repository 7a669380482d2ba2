"""Masking hides what it should, as often as it should, and nothing else."""

import numpy as np
import pytest
from pydantic import ValidationError

from dna_mamba.data.masking import MaskingPolicy, SpanPolicy, mask_tokens
from dna_mamba.tokenizers import NucleotideTokenizer

TOKENIZER = NucleotideTokenizer.caduceus()


def masked(policy: MaskingPolicy, n: int = 200_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    ids = TOKENIZER.encode("".join(rng.choice(list("ACGTN"), size=n)))
    inputs, chosen = mask_tokens(ids, TOKENIZER, policy, np.random.default_rng(1))
    return ids, inputs, chosen


def test_shares_are_as_asked() -> None:
    ids, inputs, chosen = masked(MaskingPolicy(rate=0.2, replace_share=0.1, keep_share=0.2))
    bases = ids != TOKENIZER.unk_id
    assert chosen[bases].mean() == pytest.approx(0.2, abs=0.005)
    hidden = inputs[chosen] == TOKENIZER.mask_id
    kept = inputs[chosen] == ids[chosen]
    assert hidden.mean() == pytest.approx(0.7, abs=0.01)
    assert kept.mean() == pytest.approx(0.2 + 0.1 / 4, abs=0.01)  # a random base is the same one in four times


def test_unknown_bases_are_never_asked_for_and_others_left_alone() -> None:
    ids, inputs, chosen = masked(MaskingPolicy(rate=0.5))
    assert not chosen[ids == TOKENIZER.unk_id].any()
    assert (inputs[~chosen] == ids[~chosen]).all()


def test_shares_beyond_one_are_refused() -> None:
    with pytest.raises(ValidationError, match="must not pass 1"):
        MaskingPolicy(replace_share=0.6, keep_share=0.6)


def test_no_more_than_the_chosen_are_touched_and_replacements_are_even() -> None:
    ids, inputs, chosen = masked(MaskingPolicy(rate=0.3, replace_share=1.0, keep_share=0.0))
    assert not (inputs == TOKENIZER.mask_id).any()
    replaced = inputs[chosen]
    shares = [(replaced == base).mean() for base in TOKENIZER.base_ids]
    assert shares == pytest.approx([0.25] * 4, abs=0.01)
    assert (inputs[chosen] == ids[chosen]).mean() == pytest.approx(0.25, abs=0.01)


def test_masks_follow_from_the_generator_alone() -> None:
    ids = TOKENIZER.encode("ACGT" * 100)
    one, same, other = (mask_tokens(ids, TOKENIZER, MaskingPolicy(), np.random.default_rng(n)) for n in (1, 1, 2))
    assert (one.inputs == same.inputs).all() and (one.chosen == same.chosen).all()
    assert (one.chosen != other.chosen).any()
    assert TOKENIZER.decode(ids) == "ACGT" * 100  # what is masked is a copy


def runs_of(chosen: np.ndarray) -> np.ndarray:
    """Lengths of the runs of True, those at the ends included."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(int), [0]])))
    return edges[1::2] - edges[::2]


def choices(policy: MaskingPolicy, length: int, n: int) -> np.ndarray:
    """Bool (n, length) of windows without N."""
    ids = TOKENIZER.encode("ACGT" * (length // 4))
    return np.array([mask_tokens(ids, TOKENIZER, policy, np.random.default_rng(seed)).chosen for seed in range(n)])


@pytest.mark.parametrize(("rate", "mean_tokens"), [(0.15, 4.0), (0.3, 10.0), (0.6, 1.5), (0.2, 1.0)])
def test_spans_have_the_mean_and_the_rate_asked_for(rate: float, mean_tokens: float) -> None:
    policy = MaskingPolicy(rate=rate, span=SpanPolicy(mean_tokens=mean_tokens))
    chosen = choices(policy, 200_000, 1)[0]
    assert chosen.mean() == pytest.approx(rate, rel=0.05)
    assert runs_of(chosen).mean() == pytest.approx(mean_tokens, rel=0.05)
    assert runs_of(chosen).std() == pytest.approx((mean_tokens * (mean_tokens - 1)) ** 0.5, rel=0.1, abs=1e-9)


def test_tokens_at_the_ends_are_chosen_as_often_as_others() -> None:
    chosen = choices(MaskingPolicy(rate=0.2, span=SpanPolicy(mean_tokens=6)), 40, 8000)
    assert chosen.mean(0) == pytest.approx(np.full(40, 0.2), abs=0.025)


def test_a_span_has_one_fate_and_n_in_it_is_never_asked_for() -> None:
    ids, inputs, chosen = masked(MaskingPolicy(rate=0.3, keep_share=0.3, replace_share=0, span=SpanPolicy()))
    assert not chosen[ids == TOKENIZER.unk_id].any()
    assert chosen[ids != TOKENIZER.unk_id].mean() == pytest.approx(0.3, abs=0.01)
    hidden = inputs == TOKENIZER.mask_id
    assert hidden[chosen].mean() == pytest.approx(0.7, abs=0.02)
    together = chosen[1:] & chosen[:-1]
    assert (hidden[1:] == hidden[:-1])[together].all()


def test_spans_of_short_and_empty_windows() -> None:
    policy = MaskingPolicy(rate=0.5, span=SpanPolicy(mean_tokens=1000))
    for length in (0, 1, 3):
        ids = TOKENIZER.encode("ACG"[:length])
        assert mask_tokens(ids, TOKENIZER, policy, np.random.default_rng(0)).chosen.shape == (length,)


def test_spans_too_short_for_the_rate_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"span.mean_tokens must be at least 4.00 at a rate of 0.8"):
        MaskingPolicy(rate=0.8, span=SpanPolicy(mean_tokens=3))


def test_masks_without_spans_are_those_of_before_spans() -> None:
    """Runs under way resume with the very masks they began with."""
    rng = np.random.default_rng(5)
    ids = TOKENIZER.encode("ACGTN" * 40)
    drawn, fate = rng.random(200) < 0.15, rng.random(200)
    other = rng.choice(TOKENIZER.maskable_ids, size=200)
    chosen = drawn & (ids != TOKENIZER.unk_id)
    expected = np.where(chosen & (fate < 0.8), TOKENIZER.mask_id, ids)
    expected = np.where(chosen & (fate >= 0.8) & (fate < 0.9), other, expected)
    result = mask_tokens(ids, TOKENIZER, MaskingPolicy(), np.random.default_rng(5))
    assert (result.chosen == chosen).all() and (result.inputs == expected).all()
    assert "span" not in MaskingPolicy().model_dump()
