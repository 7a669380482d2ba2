"""The head's weight follows how well it separates genes from what is between them, over whole stretches."""

import numpy as np

from dna_mamba.annotation.statistics.head_weight import StretchSums

LENGTH, MOST = 240_000, 0.25
IS_GENE = np.arange(LENGTH) // 2000 % 2 == 0
GENES = [np.arange(first, first + 2000) for first in range(0, LENGTH, 4000)]


def summed(odds: np.ndarray) -> np.ndarray:
    return np.stack([np.concatenate([[0.0], np.cumsum(odds)])] * 3)


def weight(head: np.ndarray) -> float:
    rng = np.random.default_rng(8)
    potential = np.where(IS_GENE, 0.1, -0.1) + rng.normal(0, 0.2, LENGTH)
    sums = StretchSums()
    sums.add(summed(head), summed(potential), GENES, IS_GENE)
    return sums.weight(MOST)


def test_a_head_that_errs_over_long_stretches_counts_less_than_one_that_errs_here_and_there() -> None:
    rng = np.random.default_rng(9)
    truth, errors = np.where(IS_GENE, 3.0, -3.0), rng.random(LENGTH) < 0.2
    scattered = np.where(errors, -truth, truth)
    together = np.where(np.repeat(rng.random(LENGTH // 500) < 0.2, 500), -truth, truth)
    assert 0 < weight(together) < 0.2 * weight(scattered) <= MOST


def test_a_head_that_is_mostly_wrong_does_not_count() -> None:
    rng = np.random.default_rng(10)
    assert weight(np.where(IS_GENE, -3.0, 3.0) + rng.normal(0, 3, LENGTH)) == 0
    assert weight(rng.normal(0, 3, LENGTH)) < 0.1 * MOST


def test_few_stretches_leave_the_weight_as_it_was() -> None:
    sums = StretchSums()
    sums.add(summed(np.ones(900)), summed(np.ones(900)), [np.arange(300)], np.arange(900) < 300)
    assert sums.weight(MOST) == MOST
