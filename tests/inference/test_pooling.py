"""Poolings over parts against the whole, whatever the parts."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.errors import InputError
from dna_mamba.inference.pooling import DESCRIPTIONS, POOLS, check_pool, make_pooler
from dna_mamba.models.streaming import Part

BY_HAND = {
    "mean": lambda x: x.astype(np.float64).mean(0, keepdims=True),
    "max": lambda x: x.max(0, keepdims=True),
    "center": lambda x: x[(len(x) - 1) // 2 : len(x) // 2 + 1].mean(0, keepdims=True),
    "none": lambda x: x,
}


@pytest.mark.parametrize("pool", POOLS)
@given(data=st.data())
def test_any_parts_give_what_the_whole_gives(pool, data):
    lengths = data.draw(st.lists(st.integers(1, 12), min_size=1, max_size=4))
    longest = max(lengths)
    hidden_BLC = np.random.default_rng(len(lengths)).normal(-2, 1, (len(lengths), longest, 3)).astype(np.float32)
    for row_LC, length in zip(hidden_BLC, lengths, strict=True):
        row_LC[length:] = 0  # pads, above the maximum of anything below zero
    inner = data.draw(st.sets(st.integers(1, longest - 1))) if longest > 1 else set()
    pooler = make_pooler(pool, lengths, 3)
    for start, end in pairwise([0, *sorted(inner), longest]):
        pooler.add(Part(start, end), torch.from_numpy(hidden_BLC[:, start:end].copy()))
    rows = pooler.rows()
    assert len(rows) == len(lengths)
    for found, row_LC, length in zip(rows, hidden_BLC, lengths, strict=True):
        expected = BY_HAND[pool](row_LC[:length])
        assert found.dtype == np.float32 and found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("length", "expected"), [(1, 0.0), (2, 0.5), (7, 3.0), (8, 3.5)])
def test_the_middle_by_hand(length, expected):
    pooler = make_pooler("center", [length], 1)
    pooler.add(Part(0, length), torch.arange(length, dtype=torch.float32)[None, :, None])
    assert pooler.rows()[0].tolist() == [[expected]]


def test_a_mean_over_very_many_parts_keeps_its_digits():
    pooler = make_pooler("mean", [2**20], 1)
    part_1L1 = torch.full((1, 64, 1), 0.1)
    for start in range(0, 2**20, 64):
        pooler.add(Part(start, start + 64), part_1L1)
    assert pooler.rows()[0][0, 0] == pytest.approx(np.float32(0.1), rel=3e-7)
    in_float32 = np.cumsum(np.full(2**14, np.float32(6.4)), dtype=np.float32)[-1] / np.float32(2**20)
    assert in_float32 != pytest.approx(np.float32(0.1), rel=3e-6)


def test_half_precision_becomes_float32():
    for pool in POOLS:
        pooler = make_pooler(pool, [2], 1)
        pooler.add(Part(0, 2), torch.tensor([[[1.0], [2.0]]], dtype=torch.bfloat16))
        assert all(row.dtype == np.float32 for row in pooler.rows())


def test_poolings_by_name():
    assert set(DESCRIPTIONS) == set(POOLS) == set(BY_HAND)
    for pool in POOLS:
        check_pool(pool)
    with pytest.raises(InputError, match="no pooling 'median'; take one of mean, max, center, none"):
        check_pool("median")
