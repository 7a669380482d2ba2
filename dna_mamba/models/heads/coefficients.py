"""HeadCoefficients of a linear model, as scikit-learn has them, as weights of a head."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dna_mamba.models.heads.config import HeadConfig


class HeadCoefficients(NamedTuple):
    """Of a linear head: ``weight`` (K, F) and ``bias`` (K,), float64."""

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]


def coefficients_of(
    config: HeadConfig,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    feature_means: ArrayLike | None = None,
    feature_scales: ArrayLike | None = None,
) -> HeadCoefficients:
    """Weights with which a head gives what ``weight @ ((x - feature_means) / feature_scales) + bias`` does.

    Args:
        config: of the head. Values are in units of the data: their scales are divided out.
        weight: (K, F), or (1, F) or (F,) for a choice between two classes, where it is the second one's log odds:
            each class takes half of it.
        bias: (K,), one number for two classes, or None for 0.
        feature_means: (F,), or None for 0: what standardised the features.
        feature_scales: (F,), or None for 1.

    Raises:
        ValueError: the coefficients are not those of so many outputs, or an antisymmetric head is given a bias.
    """
    slope_KF = np.atleast_2d(np.asarray(weight, dtype=np.float64))
    offset_K = np.zeros(len(slope_KF)) if bias is None else np.atleast_1d(np.asarray(bias, dtype=np.float64))
    if feature_scales is not None:
        slope_KF = slope_KF / np.asarray(feature_scales, dtype=np.float64)
    if feature_means is not None:
        offset_K = offset_K - slope_KF @ np.asarray(feature_means, dtype=np.float64)
    n_outputs = len(config.outputs)
    if config.kind == "classes" and n_outputs == 2 and len(slope_KF) == 1:
        slope_KF, offset_K = np.concatenate([-slope_KF, slope_KF]) / 2, np.concatenate([-offset_K, offset_K]) / 2
    if config.kind in ("values", "counts"):
        means_K = np.zeros(n_outputs) if config.target_means is None else np.array(config.target_means)
        scales_K = np.ones(n_outputs) if config.target_scales is None else np.array(config.target_scales)
        slope_KF, offset_K = slope_KF / scales_K[:, None], (offset_K - means_K) / scales_K
    if len(slope_KF) != n_outputs or offset_K.shape != (n_outputs,):
        raise ValueError(f"coefficients of {len(slope_KF)} outputs and {len(offset_K)} offsets, not of {n_outputs}")
    if config.antisymmetric and offset_K.any():
        raise ValueError("an antisymmetric head has no bias: fit without an intercept")
    return HeadCoefficients(slope_KF, offset_K)
