import numpy as np
import pytest

from dna_mamba.metrics.calibration import brier, calibration_curve, expected_calibration_error


def test_curve_and_error_worked_out_by_hand():
    confidence = np.array([0.05, 0.15, 0.95, 0.85, 1.0])
    is_right = np.array([0, 1, 1, 1, 0])
    curve = calibration_curve(is_right, confidence, n_bins=2)
    np.testing.assert_allclose(curve.confidence, [0.1, 2.8 / 3])
    np.testing.assert_allclose(curve.share_right, [0.5, 2 / 3])
    assert curve.counts.tolist() == [2, 3]
    expected = (2 * 0.4 + 3 * abs(2 / 3 - 2.8 / 3)) / 5
    assert expected_calibration_error(is_right, confidence, n_bins=2) == pytest.approx(expected)


def test_probabilities_that_come_true_as_often_as_they_say_are_calibrated():
    generator = np.random.default_rng(0)
    confidence = generator.random(200_000)
    is_right = generator.random(200_000) < confidence
    assert expected_calibration_error(is_right, confidence) < 0.01
    assert expected_calibration_error(is_right, confidence**3) > 0.1


def test_brier_is_0_when_certain_and_right_and_1_when_certain_and_wrong():
    assert brier(np.array([0, 1]), np.array([[1.0, 0.0], [0.0, 1.0]])) == 0.0
    assert brier(np.array([0, 1]), np.array([[0.0, 1.0], [1.0, 0.0]])) == 1.0
