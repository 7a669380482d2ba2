"""Held-out rows: every base asked once, with context, few at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dna_mamba.alphabet import encode_bases
from dna_mamba.data.held_out import HeldOutPlan, count_rows, held_out_rows
from dna_mamba.tokenizers import NucleotideTokenizer

TOKENIZER = NucleotideTokenizer.caduceus()


def random_codes(length: int) -> np.ndarray:
    rng = np.random.default_rng(length)
    return encode_bases("".join(rng.choice(list("ACGTN"), p=[0.24] * 4 + [0.04], size=length)))


@given(st.integers(0, 400), st.integers(20, 90), st.integers(0, 9), st.integers(2, 9))
def test_each_base_is_asked_exactly_once(length: int, window_bp: int, margin_bp: int, every: int) -> None:
    plan = HeldOutPlan(window_bp=window_bp, margin_bp=margin_bp, mask_every=every, phases=every)
    codes = random_codes(length)
    rows = list(held_out_rows({"c": codes}, plan, TOKENIZER))
    assert sum(int(row.weights.sum()) for row in rows) == int((codes < 4).sum())
    assert len(rows) <= count_rows({"c": codes}, plan)
    for row in rows:
        chosen = np.flatnonzero(row.weights)
        assert (row.inputs[chosen] == TOKENIZER.mask_id).all()
        assert (np.diff(chosen) >= every).all()
        assert (row.targets[chosen] != TOKENIZER.unk_id).all()
        untouched = row.weights == 0
        assert (row.inputs[untouched] == row.targets[untouched]).all()


def test_predictions_keep_their_margins_inside_a_contig() -> None:
    plan = HeldOutPlan(window_bp=100, margin_bp=20, mask_every=4, phases=4)
    rows = list(held_out_rows({"c": np.zeros(1000, dtype=np.uint8)}, plan, TOKENIZER))
    inner = [np.flatnonzero(row.weights) for row in rows[4:-4]]
    assert min(c.min() for c in inner) >= 20 and max(c.max() for c in inner) < 80


def test_fewer_windows_and_phases_are_a_subset() -> None:
    codes = {"c": random_codes(5000)}
    plan = HeldOutPlan(window_bp=100, margin_bp=10, mask_every=8, phases=2, max_windows=5)
    assert len(list(held_out_rows(codes, plan, TOKENIZER))) == 10


@pytest.mark.parametrize("wrong", [{"phases": 17}, {"window_bp": 100, "margin_bp": 50}, {"mask_every": 1}])
def test_impossible_plans_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        HeldOutPlan(**wrong)
