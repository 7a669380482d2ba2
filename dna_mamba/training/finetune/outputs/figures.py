"""Figures of a run, from what it said of held-out rows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

from dna_mamba.errors import InputError
from dna_mamba.metrics.calibration import calibration_curve
from dna_mamba.plotting import save_figure
from dna_mamba.plotting.judged import Line, confusion_map, curves, values_against_truth
from dna_mamba.training.finetune.outputs.directory import FIGURES
from dna_mamba.training.finetune.outputs.results import Found, pooled
from dna_mamba.training.finetune.problem import RowAnswers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_CURVES = 7
Asked01 = tuple[str, NDArray[np.int64], NDArray[np.float64]]
"""Name of a line, what came true (0 or 1) and how likely it was said to be, (n,) each."""


def draw_figures(found: Found, directory: Path, report: Callable[[str], None]) -> list[Path]:
    """PNG files in ``figures/``; none, and a line that says why, where they cannot be drawn."""
    (directory / FIGURES).mkdir(exist_ok=True)
    paths = []
    try:
        for name, figure in _figures(found):
            path = directory / FIGURES / f"{name}.png"
            save_figure(figure, path, force=True)
            paths.append(path)
    except InputError as error:
        report(f"no figures: {error}")
    return paths


def _figures(found: Found) -> Iterator[tuple[str, "Figure"]]:
    problem, own = found.problem, found.methods[0]
    truth, answers = pooled(found, own)
    if problem.kind == "values":
        names = problem.data.names
        true, said = dict(zip(names, truth.T, strict=True)), dict(zip(names, answers.T, strict=True))
        yield "residuals", values_against_truth(true, said, title=f"{own}: held-out rows")
        return
    lines = list(_questions(found))
    yield "roc", curves(
        [_roc(line) for line in lines],
        title="ROC of held-out rows", x_label="false positive rate", y_label="true positive rate", diagonal=True,
    )  # fmt: skip
    yield "precision-recall", curves(
        [_precision(line) for line in lines],
        title="Precision and recall of held-out rows", x_label="recall", y_label="precision", diagonal=False,
    )  # fmt: skip
    yield "calibration", curves(
        [_calibration(method, *_confidence(found, method)) for method in found.methods],
        title="Calibration on held-out rows", x_label="mean probability", y_label="share that came true",
        diagonal=True,
    )  # fmt: skip
    if problem.kind == "classes":
        counts = np.zeros((problem.n_outputs, problem.n_outputs), dtype=np.int64)
        np.add.at(counts, (truth, answers.argmax(1)), 1)
        yield "confusion", confusion_map(counts, problem.data.names, title=f"{own}: held-out rows")


def _questions(found: Found) -> Iterator[Asked01]:
    """Of two classes each method's second one; of more, or of labels, each class of our own method."""
    problem = found.problem
    if problem.kind == "classes" and problem.n_outputs == 2:
        for method in found.methods:
            truth, answers = pooled(found, method)
            yield method, truth, answers[:, 1]
        return
    truth, answers = pooled(found, found.methods[0])
    for index, name in enumerate(problem.data.names[:_MOST_CURVES]):
        yield name, _is_there(found, truth, index), answers[:, index]


def _is_there(found: Found, truth: NDArray[Any], index: int) -> NDArray[np.int64]:
    there = truth == index if found.problem.kind == "classes" else truth[:, index]
    return np.asarray(there, dtype=np.int64)


def _confidence(found: Found, method: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Whether the second of two classes, else the class that was said, or any label, came true; how likely it was."""
    truth, answers = pooled(found, method)
    if found.problem.kind == "labels":
        return truth.reshape(-1), answers.reshape(-1)
    if answers.shape[1] == 2:
        return truth, answers[:, 1]
    return (answers.argmax(1) == truth).astype(np.int64), answers.max(1)


def _roc(line: Asked01) -> Line:
    name, truth, likely = line
    x, y, _ = roc_curve(truth, likely)
    return Line(x, y, f"{name} ({auc(x, y):.3f})")


def _precision(line: Asked01) -> Line:
    name, truth, likely = line
    precision, recall, _ = precision_recall_curve(truth, likely)
    return Line(recall, precision, f"{name} ({average_precision_score(truth, likely):.3f})")


def _calibration(method: str, truth: NDArray[np.int64], likely: RowAnswers) -> Line:
    curve = calibration_curve(truth, likely)
    return Line(curve.confidence, curve.share_right, method)
