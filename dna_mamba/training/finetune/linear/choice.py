"""Which features and which penalty: the ones that predict the validation rows best, never the test rows."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from dna_mamba.training.finetune.linear.model import (
    Estimator,
    FeatureMatrix,
    LinearModel,
    answers_of,
    calibrated,
    fit_linear,
    loss_of,
)
from dna_mamba.training.finetune.problem import Asked, HeldOutAnswer, RowAnswers, RowNumbers

INVERSE_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
_FIRST = 1e-2
"""With which sets of features are compared, before the penalty of the best is chosen."""


class FeatureTable(Protocol):
    """Features of all rows, of several kinds."""

    @property
    def kinds(self) -> tuple[str, ...]: ...

    def of(self, kind: str, rows: RowNumbers) -> FeatureMatrix:
        """(rows, F)."""
        ...


class LinearSettings(NamedTuple):
    """What a linear model is fitted with."""

    features: str
    estimator: Estimator
    inverse_penalty: float


class Fitted(NamedTuple):
    """A linear model, and the features it reads."""

    settings: LinearSettings
    model: LinearModel


def fit_and_answer(asked: Asked, table: FeatureTable, estimator: Estimator) -> HeldOutAnswer:
    """Choose settings on the validation rows, fit on all known rows, answer for the test rows."""
    settings, losses = choose(asked, table, estimator)
    fitted = fit(asked, table, settings)
    answers = predict(asked, table, fitted, asked.part.test)
    return HeldOutAnswer(answers, {**settings._asdict(), "validation_losses": losses})


def choose(asked: Asked, table: FeatureTable, estimator: Estimator) -> tuple[LinearSettings, dict[str, float]]:
    """First the kind of features, all with one penalty, then the penalty; the loss of each that was tried."""
    tried: dict[LinearSettings, float] = {}

    def best(candidates: list[LinearSettings]) -> LinearSettings:
        for settings in candidates:
            if settings not in tried and len(asked.part.validation):
                tried[settings] = _validation_loss(asked, table, settings)
        return min(candidates, key=lambda settings: tried.get(settings, 0.0))

    first = best([LinearSettings(kind, estimator, _FIRST) for kind in table.kinds])
    chosen = best([first, *(first._replace(inverse_penalty=c) for c in INVERSE_PENALTIES if c != _FIRST)])
    return chosen, {f"{s.features}, 1/penalty {s.inverse_penalty:g}": round(x, 6) for s, x in tried.items()}


def fit(asked: Asked, table: FeatureTable, settings: LinearSettings) -> Fitted:
    """On all known rows; decisions of ridge and SVM become log odds by what they say of validation rows held out."""
    asked.check()
    problem, part = asked.problem, asked.part
    model = _fit(asked, table, settings, part.known)
    if settings.estimator != "logistic" and problem.kind == "classes" and len(part.validation):
        partial = _fit(asked, table, settings, part.train)
        validating = table.of(settings.features, part.validation)
        moved = calibrated(problem, partial, validating, part.validation)
        factor = _ratio(moved, partial)
        model = model._replace(
            weight=model.weight * factor, bias=model.bias * factor + moved.bias - partial.bias * factor
        )
    return Fitted(settings, model)


def predict(asked: Asked, table: FeatureTable, fitted: Fitted, rows: RowNumbers) -> RowAnswers:
    """(rows, K)."""
    return answers_of(asked.problem, fitted.model.decide(table.of(fitted.settings.features, rows)))


def most_chosen(chosen: list[Mapping[str, Any]]) -> LinearSettings:
    """What the folds chose: the features most of them took, and the median penalty of those."""
    kinds = [str(settings["features"]) for settings in chosen]
    kind = max(dict.fromkeys(kinds), key=kinds.count)
    penalties = [float(s["inverse_penalty"]) for s in chosen if s["features"] == kind]
    middle = sorted(penalties)[(len(penalties) - 1) // 2]
    return LinearSettings(kind, chosen[0]["estimator"], middle)


def _fit(asked: Asked, table: FeatureTable, settings: LinearSettings, rows: RowNumbers) -> LinearModel:
    x = table.of(settings.features, rows)
    return fit_linear(asked.problem, settings.estimator, x, rows, settings.inverse_penalty)


def _validation_loss(asked: Asked, table: FeatureTable, settings: LinearSettings) -> float:
    asked.check()
    problem, part = asked.problem, asked.part
    model = _fit(asked, table, settings, part.train)
    x = table.of(settings.features, part.validation)
    if settings.estimator != "logistic":
        model = calibrated(problem, model, x, part.validation)
    return loss_of(problem, answers_of(problem, model.decide(x)), part.validation)


def _ratio(moved: LinearModel, before: LinearModel) -> float:
    """By how much calibration stretched the decisions."""
    norm = float(np.linalg.norm(before.weight))
    return float(np.linalg.norm(moved.weight)) / norm if norm else 1.0


