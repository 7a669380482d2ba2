"""Means and accuracies with 95 % intervals, from resamples of whole groups: blocks of sequence, genes."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_INTERVAL = (2.5, 97.5)
_BLOCK_BP, _FEWEST_BLOCKS, _SHORTEST_BLOCK_BP = 10_000, 20, 500


class Measured(NamedTuple):
    """A value with its 95 % interval; NaN where there was nothing to resample."""

    value: float
    low: float
    high: float


def block_bp(held_out_bp: int) -> int:
    """Length of the blocks that are resampled: 10,000 bp, less where that would be fewer than 20 blocks."""
    return max(_SHORTEST_BLOCK_BP, min(_BLOCK_BP, held_out_bp // _FEWEST_BLOCKS))


def group_draws(n_groups: int, n_resamples: int, seed: int) -> NDArray[np.float64]:
    """How often each group is drawn (n_resamples, n_groups): with replacement, as many as there are."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(n_groups, np.full(n_groups, 1 / max(1, n_groups)), n_resamples).astype(np.float64)


def mean_of(
    values: NDArray[np.float64], group: NDArray[np.int64], *, n_resamples: int, seed: int
) -> Measured:
    """The mean of values (n,), and of resamples of whole groups; ``group`` (n,) numbers them in any way."""
    if not len(values):
        return Measured(math.nan, math.nan, math.nan)
    _, index = np.unique(group, return_inverse=True)
    draws_RG = group_draws(int(index.max()) + 1, n_resamples, seed)
    sums, counts = np.bincount(index, values), np.bincount(index)
    return with_interval(float(values.mean()), (draws_RG @ sums) / (draws_RG @ counts))


def with_interval(value: float, resampled: NDArray[np.float64]) -> Measured:
    """A value and the percentiles of what resamples gave (R,); NaN among them are left out."""
    finite = resampled[np.isfinite(resampled)]
    low, high = np.percentile(finite, _INTERVAL) if len(finite) else (math.nan, math.nan)
    return Measured(value, float(low), float(high))
