import math
import warnings

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn import metrics as sk

from dna_mamba.metrics import METRICS, judge, score_predictions


def predictions(n_rows: int, n_classes: int, seed: int):
    generator = np.random.default_rng(seed)
    truth = generator.integers(n_classes, size=n_rows)
    logits = generator.normal(size=(n_rows, n_classes))
    logits[np.arange(n_rows), truth] += 1
    probabilities = np.exp(logits)
    return truth, probabilities / probabilities.sum(1, keepdims=True)


def test_two_classes_agree_with_scikit_learn():
    truth, probabilities = predictions(200, 2, 1)
    found = score_predictions("classification", truth, probabilities)
    chosen = probabilities.argmax(1)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, chosen))
    assert found["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(truth, chosen))
    assert found["mcc"] == pytest.approx(sk.matthews_corrcoef(truth, chosen))
    assert found["f1"] == pytest.approx(sk.f1_score(truth, chosen, average="macro"))
    assert found["auroc"] == pytest.approx(sk.roc_auc_score(truth, probabilities[:, 1]))
    assert found["auprc"] == pytest.approx(sk.average_precision_score(truth, probabilities[:, 1]))
    assert found["brier"] == pytest.approx(sk.brier_score_loss(truth, probabilities[:, 1]))
    assert tuple(found) == METRICS["classification"]


def test_several_classes_agree_with_scikit_learn():
    truth, probabilities = predictions(300, 4, 2)
    found = score_predictions("classification", truth, probabilities)
    assert found["auroc"] == pytest.approx(sk.roc_auc_score(truth, probabilities, multi_class="ovr"))
    assert found["auprc"] == pytest.approx(sk.average_precision_score(np.eye(4)[truth], probabilities, average="macro"))
    assert found["mcc"] == pytest.approx(sk.matthews_corrcoef(truth, probabilities.argmax(1)))


def test_the_order_of_rows_never_matters():
    truth, probabilities = predictions(120, 2, 3)
    order = np.argsort(truth)
    shuffled, sorted_by_class = (
        score_predictions("classification", truth[rows], probabilities[rows]) for rows in (np.arange(120), order)
    )
    assert sorted_by_class == pytest.approx(shuffled)


def test_regression_agrees_with_scipy_and_scikit_learn():
    generator = np.random.default_rng(4)
    truth = generator.normal(size=(80, 2))
    predicted = truth + generator.normal(size=(80, 2))
    found = score_predictions("regression", truth, predicted)
    assert found["r2"] == pytest.approx(sk.r2_score(truth, predicted))
    assert found["rmse"] == pytest.approx(np.mean(np.sqrt(((truth - predicted) ** 2).mean(0))))
    assert found["spearman"] == pytest.approx(np.mean([spearmanr(truth[:, k], predicted[:, k])[0] for k in (0, 1)]))
    assert found["pearson"] == pytest.approx(np.mean([np.corrcoef(truth[:, k], predicted[:, k])[0, 1] for k in (0, 1)]))


@pytest.mark.parametrize(
    ("task", "truth", "predicted", "undefined"),
    [
        ("classification", [1, 1], [[0.3, 0.7], [0.6, 0.4]], {"auroc", "auprc", "mcc", "balanced_accuracy"}),
        ("regression", [2.0, 2.0], [1.0, 3.0], {"pearson", "spearman", "r2"}),
        ("regression", [1.0, 2.0], [1.5, 1.5], {"pearson", "spearman"}),
        ("multilabel", [[1, 0], [1, 0]], [[0.5, 0.5], [0.1, 0.2]], {"auroc", "auprc", "mcc", "balanced_accuracy"}),
        ("regression", [1.0, 2.0], [np.nan, 1.5], set(METRICS["regression"])),
    ],
)
def test_what_is_not_defined_is_nan_with_a_reason_and_warns_of_nothing(task, truth, predicted, undefined):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values, reasons = judge(task, np.array(truth), np.array(predicted))
    assert {name for name, value in values.items() if math.isnan(value)} == undefined == set(reasons)
    assert all(reasons.values())


def test_labels_that_vary_count_where_others_do_not():
    truth = np.array([[0, 1], [1, 1], [0, 1]])
    shares = np.array([[0.1, 0.9], [0.8, 0.8], [0.3, 0.4]])
    found = score_predictions("multilabel", truth, shares)
    assert found["auroc"] == 1.0
    assert found["accuracy"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["f1"] == pytest.approx((1 + 0.8) / 2)


def test_bases_and_tracks_count_every_position():
    truth, probabilities = predictions(60, 3, 5)
    of_bases = score_predictions("bases", truth.reshape(4, 15), probabilities.reshape(4, 15, 3))
    assert of_bases == score_predictions("classification", truth, probabilities)
    values = np.random.default_rng(6).normal(size=(2, 5, 3))
    tracks = score_predictions("tracks", values, values * 2)
    assert tracks["pearson"] == pytest.approx(1.0)


def test_shapes_that_do_not_agree_are_refused():
    with pytest.raises(ValueError, match="2 predictions for 3 rows"):
        judge("classification", np.array([0, 1, 1]), np.full((2, 2), 0.5))
    with pytest.raises(ValueError, match="no task"):
        judge("ranking", np.zeros(1), np.zeros(1))
