"""Coefficients by hand; against scikit-learn in ``test_task_model``."""

import numpy as np
import pytest

from dna_mamba.models import HeadConfig
from dna_mamba.models.heads.coefficients import coefficients_of

EFFECT = HeadConfig(task="variant", variant_of="regression", outputs=("x",), antisymmetric=True)


def test_two_classes_share_the_log_odds() -> None:
    config = HeadConfig(task="classification", outputs=("a", "b"))
    found = coefficients_of(config, [[2.0, -4.0]], [1.0], feature_means=[1.0, 3.0], feature_scales=[2.0, 4.0])
    assert found.weight.tolist() == [[-0.5, 0.5], [0.5, -0.5]]
    assert (found.bias[1] - found.bias[0]) == pytest.approx(1.0 - 2 * 1 / 2 + 4 * 3 / 4)


def test_values_lose_their_units() -> None:
    config = HeadConfig(task="regression", outputs=("x",), target_means=(10.0,), target_scales=(4.0,))
    found = coefficients_of(config, [8.0], 2.0)
    assert found.weight.tolist() == [[2.0]] and found.bias.tolist() == [-2.0]


def test_one_label_is_not_a_choice_between_two() -> None:
    config = HeadConfig(task="multilabel", outputs=("a", "b"))
    with pytest.raises(ValueError, match="not of 2"):
        coefficients_of(config, np.zeros((1, 3)))


def test_an_antisymmetric_head_takes_no_bias() -> None:
    assert coefficients_of(EFFECT, [1.0, 2.0]).bias.tolist() == [0.0]
    with pytest.raises(ValueError, match="intercept"):
        coefficients_of(EFFECT, [1.0, 2.0], 0.5)
