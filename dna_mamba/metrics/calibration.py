"""Whether a probability means what it says: Brier score, expected calibration error and the curve behind it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

N_BINS = 15
"""Bins of equal width, as Guo et al. 2017, *On calibration of modern neural networks*."""


class CalibrationCurve(NamedTuple):
    """Rows by how confident the prediction was; bins without a row are left out, m bins remain."""

    confidence: NDArray[np.float64]
    """Mean predicted probability of each bin, (m,)."""
    share_right: NDArray[np.float64]
    """Share of rows in the bin for which it was so, (m,)."""
    counts: NDArray[np.int64]
    """Rows of each bin, (m,)."""


def brier(truth: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """Mean squared error of probabilities (n, K), summed over classes and halved: 0 is best, 1 worst.

    Half of Brier 1950, so that for two classes it is the usual ``mean((p - y) ** 2)``.
    """
    wanted = np.eye(probabilities.shape[1])[truth]
    return float(((probabilities - wanted) ** 2).sum(1).mean() / 2)


def calibration_curve(
    is_right: NDArray[Any], confidence: NDArray[np.float64], n_bins: int = N_BINS
) -> CalibrationCurve:
    """Confidence (n,) between 0 and 1 against what came true, 0 or 1 (n,), in bins of equal width."""
    bins = np.minimum((confidence * n_bins).astype(np.int64), n_bins - 1)
    counts = np.bincount(bins, minlength=n_bins)
    there = counts > 0
    mean = np.bincount(bins, confidence, n_bins)[there] / counts[there]
    right = np.bincount(bins, is_right.astype(np.float64), n_bins)[there] / counts[there]
    return CalibrationCurve(mean, right, counts[there])


def expected_calibration_error(is_right: NDArray[Any], confidence: NDArray[np.float64], n_bins: int = N_BINS) -> float:
    """Mean of |share right - confidence| over bins, weighted by their rows (Guo et al. 2017, eq. 3)."""
    curve = calibration_curve(is_right, confidence, n_bins)
    return float(np.average(np.abs(curve.share_right - curve.confidence), weights=curve.counts))
