"""Held-out rows: every base asked once, with context, few at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dna_mamba.alphabet import encode_bases
from dna_mamba.data.held_out import HeldOutPlan, count_rows, even_shares, held_out_rows, plans_by_group
from dna_mamba.tokenizers import KmerTokenizer, NucleotideTokenizer

TOKENIZER = NucleotideTokenizer.caduceus()


def random_codes(length: int) -> np.ndarray:
    rng = np.random.default_rng(length)
    return encode_bases("".join(rng.choice(list("ACGTN"), p=[0.24] * 4 + [0.04], size=length)))


@given(st.integers(0, 400), st.integers(20, 90), st.integers(0, 9), st.integers(2, 9))
def test_each_base_is_asked_exactly_once(length: int, window_bp: int, margin_bp: int, every: int) -> None:
    plan = HeldOutPlan(window_bp=window_bp, margin_bp=margin_bp, mask_every=every, phases=every)
    codes = random_codes(length)
    rows = list(held_out_rows([codes], plan, TOKENIZER))
    assert sum(int(row.weights.sum()) for row in rows) == int((codes < 4).sum())
    assert len(rows) <= count_rows([codes], plan)
    for row in rows:
        chosen = np.flatnonzero(row.weights)
        assert (row.inputs[chosen] == TOKENIZER.mask_id).all()
        assert (np.diff(chosen) >= every).all()
        assert (row.targets[chosen] != TOKENIZER.unk_id).all()
        untouched = row.weights == 0
        assert (row.inputs[untouched] == row.targets[untouched]).all()


def test_predictions_keep_their_margins_inside_a_contig() -> None:
    plan = HeldOutPlan(window_bp=100, margin_bp=20, mask_every=4, phases=4)
    rows = list(held_out_rows([np.zeros(1000, dtype=np.uint8)], plan, TOKENIZER))
    inner = [np.flatnonzero(row.weights) for row in rows[4:-4]]
    assert min(c.min() for c in inner) >= 20 and max(c.max() for c in inner) < 80


def test_fewer_windows_and_phases_are_a_subset() -> None:
    codes = [random_codes(5000)]
    plan = HeldOutPlan(window_bp=100, margin_bp=10, mask_every=8, phases=2, max_windows=5)
    assert len(list(held_out_rows(codes, plan, TOKENIZER))) == 10


@pytest.mark.parametrize("wrong", [{"phases": 17}, {"window_bp": 100, "margin_bp": 50}, {"mask_every": 1}])
def test_impossible_plans_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        HeldOutPlan(**wrong)


def test_ends_of_a_sequence_are_asked_without_a_margin() -> None:
    plan = HeldOutPlan(window_bp=50, margin_bp=10, mask_every=2, phases=2)
    rows = list(held_out_rows([random_codes(300)], plan, TOKENIZER))
    first, last = rows[:2], rows[-2:]
    assert min(np.flatnonzero(row.weights).min() for row in first) < 2
    assert max(np.flatnonzero(row.weights).max() for row in last) > 47


def test_many_short_sequences_are_asked_as_each_alone() -> None:
    plan = HeldOutPlan(window_bp=40, margin_bp=5, mask_every=4, phases=2)
    sequences = [random_codes(length) for length in (0, 3, 90, 41, 1)]
    together = [tuple(part.tolist() for part in row) for row in held_out_rows(sequences, plan, TOKENIZER)]
    alone = [tuple(p.tolist() for p in row) for codes in sequences for row in held_out_rows([codes], plan, TOKENIZER)]
    assert together == alone


@pytest.mark.parametrize("letters", ["", "N" * 200, "AC"])
def test_nothing_is_asked_where_there_is_no_word(letters: str) -> None:
    plan = HeldOutPlan(window_bp=40, margin_bp=5)
    assert list(held_out_rows([encode_bases(letters)], plan, KmerTokenizer(3, 3))) == []


@given(st.lists(st.integers(0, 20), max_size=8), st.integers(0, 60))
def test_shares_are_even_and_nothing_is_lost(sizes: list[int], total: int) -> None:
    shares = even_shares(sizes, total)
    assert sum(shares) == min(total, sum(sizes))
    assert all(share <= size for share, size in zip(shares, sizes, strict=True))
    unfilled = [share for share, size in zip(shares, sizes, strict=True) if share < size]
    filled = [share for share, size in zip(shares, sizes, strict=True) if share == size]
    assert not unfilled or max(unfilled) - min(unfilled) <= 1
    assert not (unfilled and filled) or max(filled) <= max(unfilled) + 1


def test_windows_are_taken_from_each_group() -> None:
    """A genome ten times as long gets no more of them, unless the others are too short."""
    groups = {"long": [random_codes(5000)], "short": [random_codes(500)], "two": [random_codes(60), random_codes(70)]}
    plan = HeldOutPlan(window_bp=100, margin_bp=10, max_windows=9)
    plans = plans_by_group(groups, plan)
    assert {name: of_group.max_windows for name, of_group in plans.items()} == {"long": 4, "short": 3, "two": 2}
    rows = [count_rows(groups[name], of_group) for name, of_group in plans.items()]
    assert sum(rows) == count_rows([codes for sequences in groups.values() for codes in sequences], plan)
    assert plans_by_group(groups, HeldOutPlan()) == dict.fromkeys(groups, HeldOutPlan())
    assert list(plans_by_group(groups, plan.model_copy(update={"max_windows": 1}))) == ["long"]


def test_contexts_that_are_not_asked_for_are_not_written() -> None:
    assert "contexts" not in HeldOutPlan().model_dump()
    assert HeldOutPlan(contexts=(64, 128)).model_dump(mode="json")["contexts"] == [64, 128]
