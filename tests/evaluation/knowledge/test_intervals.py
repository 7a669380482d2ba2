"""Means, blocks and resamples of groups."""

import math

import numpy as np
import pytest

from dna_mamba.evaluation.knowledge.intervals import block_bp, group_draws, mean_of, with_interval


def test_intervals_widen_with_the_groups() -> None:
    generator = np.random.default_rng(0)
    values = np.repeat(generator.normal(size=50), 20)
    alone, together = (
        mean_of(values, group, n_resamples=500, seed=1) for group in (np.arange(1000), np.repeat(np.arange(50), 20))
    )
    assert alone.value == together.value == pytest.approx(values.mean())
    error = values.std() / math.sqrt(50)
    assert together.high - together.low == pytest.approx(2 * 1.96 * error, rel=0.2)
    assert alone.high - alone.low == pytest.approx(2 * 1.96 * error / math.sqrt(20), rel=0.2)
    assert mean_of(values, np.arange(1000), n_resamples=500, seed=1) == alone


def test_nothing_has_no_mean() -> None:
    empty = mean_of(np.zeros(0), np.zeros(0, dtype=np.int64), n_resamples=5, seed=0)
    assert all(map(math.isnan, empty))
    assert math.isnan(with_interval(1.0, np.array([math.nan])).low)


def test_draws_and_blocks() -> None:
    draws = group_draws(7, 30, 0)
    assert draws.shape == (30, 7) and set(draws.sum(1)) == {7.0} and draws.std() > 0
    assert [block_bp(n) for n in (10**9, 100_000, 3000)] == [10_000, 5000, 500]
