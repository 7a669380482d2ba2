import math

import numpy as np
import pytest
from scipy.stats import t

from dna_mamba.metrics import judge
from dna_mamba.metrics.intervals import (
    CORRECTED_T,
    SEEDS_T,
    bootstrap_source,
    interval_source,
    over_folds,
    over_rows,
)


def test_folds_are_corrected_for_the_training_rows_that_they_share():
    values = [[0.8], [0.9], [0.7], [0.85], [0.75]]
    found = over_folds(values, [80] * 5, [20] * 5)
    spread = np.var([0.8, 0.9, 0.7, 0.85, 0.75], ddof=1) * (1 / 5 + 20 / 80)
    reach = t.ppf(0.975, 4) * math.sqrt(spread)
    assert found.mean == pytest.approx(0.8)
    assert (found.low, found.high) == (pytest.approx(0.8 - reach), pytest.approx(0.8 + reach))
    assert found.per_fold == (0.8, 0.9, 0.7, 0.85, 0.75)
    assert interval_source(5) == CORRECTED_T


def test_seeds_are_averaged_within_their_fold():
    assert over_folds([[0.6, 0.8], [0.9, 0.7]], [10, 10], [5, 5]).per_fold == pytest.approx((0.7, 0.8))


def test_one_fold_has_the_interval_of_its_seeds():
    found = over_folds([[0.6, 0.8, 0.7]], [10], [5])
    reach = t.ppf(0.975, 2) * np.std([0.6, 0.8, 0.7], ddof=1) / math.sqrt(3)
    assert found.high - found.mean == pytest.approx(reach)
    assert interval_source(1) == SEEDS_T
    assert math.isnan(over_folds([[0.6]], [10], [5]).low)


def test_a_fold_without_a_value_is_left_out():
    found = over_folds([[0.5], [math.nan], [0.7]], [10] * 3, [5] * 3)
    assert found.mean == pytest.approx(0.6)
    assert math.isnan(found.per_fold[1])
    assert math.isnan(over_folds([[math.nan]] * 2, [10] * 2, [5] * 2).mean)


def test_the_bootstrap_of_an_accuracy_is_that_of_a_share():
    generator = np.random.default_rng(1)
    truth = generator.integers(2, size=400)
    right = generator.random(400) < 0.8
    share = np.where(right, truth, 1 - truth).astype(float)
    found = over_rows("classification", truth, np.stack([1 - share, share], 1), n_resamples=300, seed=3)["accuracy"]
    error = math.sqrt(found.value * (1 - found.value) / 400)
    assert found.low == pytest.approx(found.value - 1.96 * error, abs=0.4 * error)
    assert found.high == pytest.approx(found.value + 1.96 * error, abs=0.4 * error)


def test_groups_are_drawn_whole():
    truth = np.repeat([0.0, 1.0, 0.0, 1.0], 25) + np.arange(100) / 1e6
    predicted = np.repeat([0.1, 0.8, 0.6, 0.4], 25) + np.arange(100) / 1e6
    groups = np.repeat(["a", "b", "c", "d"], 25)
    by_row, by_group = (
        over_rows("regression", truth, predicted, groups=some, n_resamples=100) for some in (None, groups)
    )
    assert by_group["mae"].high - by_group["mae"].low > 3 * (by_row["mae"].high - by_row["mae"].low)
    assert by_group["mae"].value == judge("regression", truth, predicted).values["mae"]
    assert "groups" in bootstrap_source(by_group=True)


def test_equal_seeds_give_equal_intervals():
    truth, predicted = np.arange(30.0), np.arange(30.0) ** 1.1
    first, second, other = (over_rows("regression", truth, predicted, n_resamples=20, seed=s) for s in (5, 5, 6))
    assert first == second != other
