"""Linear models through scikit-learn: logistic regression, ridge and linear support vector machines."""

import warnings
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC, LinearSVR

from dna_mamba.training.finetune.problem import Problem, RowAnswers, RowNumbers

Estimator = Literal["logistic", "ridge", "svm"]
FeatureMatrix = Any
"""(n, F), a float array or a sparse matrix in rows."""
_MOST_STEPS = 400
_TOLERANCE = 1e-3
_SMOOTHING = 0.5


class LinearModel(NamedTuple):
    """``weight @ ((x - means) / scales) + bias`` for features x.

    Attributes:
        weight: (K, F), or (1, F) for two classes: the log odds of the second.
        bias: (K,) or (1,).
        means: (F,); None for 0.
        scales: (F,).
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    means: NDArray[np.float64] | None
    scales: NDArray[np.float64]

    def decide(self, x: FeatureMatrix) -> NDArray[np.float64]:
        """Decisions (n, K) or (n, 1), before sigmoid or softmax."""
        slope_KF = self.weight / self.scales
        shift_K = self.bias if self.means is None else self.bias - slope_KF @ self.means
        return np.asarray(x @ slope_KF.T) + shift_K


def answers_of(problem: Problem, decisions: NDArray[np.float64]) -> RowAnswers:
    """Probabilities or values (n, K) of decisions."""
    if problem.kind == "values":
        return decisions
    if problem.kind == "labels":
        return np.asarray(expit(decisions))
    if decisions.shape[1] == 1:
        second = expit(decisions[:, 0])
        return np.stack([1 - second, second], axis=1)
    return np.asarray(softmax(decisions, axis=1))


def loss_of(problem: Problem, answers: RowAnswers, rows: RowNumbers) -> float:
    """Mean loss of answers for rows: cross-entropy in nats, or squared error in variances of each target."""
    truth, tiny = problem.truth[rows], np.finfo(np.float64).tiny
    if problem.kind == "values":
        variance_K = np.maximum(problem.truth.var(0), tiny)
        return float((((answers - truth) ** 2) / variance_K).mean())
    if problem.kind == "labels":
        chosen = np.where(truth == 1, answers, 1 - answers)
        return float(-np.log(np.maximum(chosen, tiny)).mean())
    weights_K = problem.class_weights(rows)
    chosen = answers[np.arange(len(truth)), truth]
    return float(np.average(-np.log(np.maximum(chosen, tiny)), weights=weights_K[truth]))


def fit_linear(
    problem: Problem, estimator: Estimator, x: FeatureMatrix, rows: RowNumbers, inverse_penalty: float
) -> LinearModel:
    """A linear model of the features (n, F) of the problem's rows ``rows``, features standardised on them.

    Sparse features are scaled and not centred. Every label of several has a model of its own; a target is standardised,
    and the penalty is that of the standardised one.

    Args:
        problem: what is asked.
        estimator: ``logistic`` for classes and labels, ``ridge`` or ``svm`` for all.
        x: of these rows.
        rows: which they are.
        inverse_penalty: scikit-learn's C, or 1 / alpha.
    """
    is_dense = isinstance(x, np.ndarray)
    scaler = StandardScaler(with_mean=is_dense).fit(x)
    scaled = scaler.transform(x)
    truth = problem.truth[rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if problem.kind == "classes":
            weight, bias = _classes(problem, estimator, scaled, truth, inverse_penalty)
        elif problem.kind == "labels":
            weight, bias = _labels(problem, estimator, scaled, truth, inverse_penalty)
        else:
            weight, bias = _values(estimator, scaled, truth, inverse_penalty)
    means = np.asarray(scaler.mean_) if is_dense else None
    return LinearModel(weight, bias, means, np.asarray(scaler.scale_))


def calibrated(problem: Problem, model: LinearModel, x: FeatureMatrix, rows: RowNumbers) -> LinearModel:
    """A model of classes whose decisions become log odds: scaled and shifted for the least cross-entropy of rows.

    Of two classes that is Platt's sigmoid (Platt 1999); of several, temperature scaling with a shift a class (Guo et
    al. 2017). The loss is regularised by half a row of each class.
    """
    decisions, truth = model.decide(x), problem.truth[rows]
    if problem.kind != "classes" or not len(rows):
        return model
    n_shifts = decisions.shape[1]
    logits = decisions if n_shifts > 1 else np.concatenate([np.zeros_like(decisions), decisions], axis=1)
    wanted = (np.eye(logits.shape[1])[truth] * len(rows) + _SMOOTHING) / (len(rows) + _SMOOTHING * logits.shape[1])

    def loss(parameters: NDArray[np.float64]) -> float:
        moved = logits * np.exp(parameters[0])
        moved[:, -n_shifts:] += parameters[1:]
        return float(-(wanted * log_softmax(moved, axis=1)).sum(1).mean() + 1e-4 * (parameters**2).sum())

    found = minimize(loss, np.zeros(1 + n_shifts), method="L-BFGS-B").x
    factor = float(np.exp(found[0]))
    return model._replace(weight=model.weight * factor, bias=model.bias * factor + found[1:])


Coefficients = tuple[NDArray[np.float64], NDArray[np.float64]]


def _classifier(estimator: Estimator, inverse_penalty: float, weights: Any) -> Any:
    if estimator == "logistic":
        return LogisticRegression(C=inverse_penalty, class_weight=weights, max_iter=_MOST_STEPS, tol=_TOLERANCE)
    if estimator == "ridge":
        return RidgeClassifier(alpha=1 / inverse_penalty, class_weight=weights)
    return LinearSVC(C=inverse_penalty, class_weight=weights, max_iter=10 * _MOST_STEPS, random_state=0, dual="auto")


def _classes(
    problem: Problem, estimator: Estimator, x: FeatureMatrix, truth: Any, inverse_penalty: float
) -> Coefficients:
    weights = "balanced" if problem.balanced else None
    fitted = _classifier(estimator, inverse_penalty, weights).fit(x, truth)
    return np.atleast_2d(fitted.coef_), np.atleast_1d(fitted.intercept_)


def _labels(
    problem: Problem, estimator: Estimator, x: FeatureMatrix, truth: Any, inverse_penalty: float
) -> Coefficients:
    weights = "balanced" if problem.balanced else None
    slopes, offsets = np.zeros((truth.shape[1], x.shape[1])), np.zeros(truth.shape[1])
    for index, column in enumerate(truth.T):
        n_there = int(column.sum())
        if 0 < n_there < len(column):
            fitted = _classifier(estimator, inverse_penalty, weights).fit(x, column)
            slopes[index], offsets[index] = fitted.coef_[0], fitted.intercept_[0]
        else:
            offsets[index] = np.log((n_there + _SMOOTHING) / (len(column) - n_there + _SMOOTHING))
    return slopes, offsets


def _values(estimator: Estimator, x: FeatureMatrix, truth: Any, inverse_penalty: float) -> Coefficients:
    means_K, scales_K = truth.mean(0), np.where(truth.std(0) > 0, truth.std(0), 1.0)
    scaled = (truth - means_K) / scales_K
    if estimator == "svm":
        fits = [
            LinearSVR(C=inverse_penalty, max_iter=10 * _MOST_STEPS, random_state=0, dual="auto",
                      loss="squared_epsilon_insensitive").fit(x, column)
            for column in scaled.T
        ]  # fmt: skip
        slopes = np.stack([fitted.coef_.reshape(-1) for fitted in fits])
        offsets = np.array([float(np.ravel(fitted.intercept_)[0]) for fitted in fits])
    else:
        fitted = Ridge(alpha=1 / inverse_penalty).fit(x, scaled)
        slopes, offsets = np.atleast_2d(fitted.coef_), np.atleast_1d(fitted.intercept_)
    return slopes * scales_K[:, None], offsets * scales_K + means_K
