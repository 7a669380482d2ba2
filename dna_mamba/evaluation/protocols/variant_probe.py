"""Variants of a benchmark judged by a model's vectors: by how far they move, and by a linear probe across chromosomes.

The distance is BEND's (Marin et al. 2024): one minus the cosine of the vectors at the variant in the window with REF
and in that with ALT, without any training. The probe is TraitGym's (Benegas et al. 2025): logistic regression with
balanced classes on the products of both vectors' numbers, standardised, taught on the other chromosomes, whose penalty
is chosen with chromosomes held out among those.
"""

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.errors import InputError
from dna_mamba.evaluation.protocols.registry import PublishedTask
from dna_mamba.evaluation.protocols.scored import ProtocolScore
from dna_mamba.metrics import judge
from dna_mamba.models.model import StrandModel
from dna_mamba.training.finetune.embeddings import EmbeddingRequest, embed_rows

INVERSE_PENALTIES = np.logspace(-8, 0, 10)
_INNER_FOLDS = 5
_Vectors = NDArray[np.float64]


def judge_variants(rows: Labelled, task: PublishedTask, model: StrandModel) -> list[ProtocolScore]:
    """What the distance reaches, and the probe where the task tests each chromosome in turn.

    Raises:
        InputError: all variants lie on one chromosome, or a chromosome alone has all of a class, with a probe.
    """
    ref_NF, alt_NF = variant_vectors(model, rows)
    truth = np.asarray(rows.label_array())
    chroms = np.array(rows.chroms)
    scores = [_score("cosine distance, not trained", truth, cosine_distance(ref_NF, alt_NF), chroms)]
    if task.by_chrom:
        answers = answers_by_chrom(ref_NF * alt_NF, truth, chroms, place=rows.source)
        scores.append(_score("linear probe, each chromosome in turn", truth, answers, chroms))
    return scores


def variant_vectors(model: StrandModel, rows: Labelled) -> tuple[_Vectors, _Vectors]:
    """Hidden states at the middle of the windows with REF and with ALT, strands averaged, (n, F) each."""
    with tempfile.TemporaryDirectory() as folder:
        request = EmbeddingRequest(model, ("center",), Path(folder) / "vectors", {})
        table = embed_rows(request, rows, ("joined",))
        change, _, mean = np.split(table.of(table.kinds[0], np.arange(len(rows))), 3, axis=1)
    return mean - change / 2, mean + change / 2


def cosine_distance(ref_NF: _Vectors, alt_NF: _Vectors) -> _Vectors:
    """One minus the cosine of two vectors a row, (n,)."""
    norms = np.linalg.norm(ref_NF, axis=1) * np.linalg.norm(alt_NF, axis=1)
    return np.asarray(1 - (ref_NF * alt_NF).sum(1) / np.maximum(norms, np.finfo(np.float64).tiny))


def answers_by_chrom(x_NF: _Vectors, truth: NDArray[np.int64], chroms: NDArray[Any], *, place: str) -> _Vectors:
    """Probability of the second class for each row, (n,), from a model of the rows of other chromosomes."""
    answers = np.empty(len(truth))
    for chrom in np.unique(chroms):
        held_out = chroms == chrom
        known = truth[~held_out]
        if len(np.unique(known)) < 2:
            what = f"without {chrom} the variants have {len(np.unique(known))} of two classes"
            raise InputError(what, place=place, remedy="give variants of both classes on several chromosomes")
        answers[held_out] = _fitted(x_NF[~held_out], known, chroms[~held_out]).predict_proba(x_NF[held_out])[:, 1]
    return answers


def auprc_by_chrom(truth: NDArray[np.int64], answers: _Vectors, chroms: NDArray[Any]) -> float:
    """Average precision within each chromosome that has both classes, weighted by its rows: TraitGym's main metric."""
    values, weights = [], []
    for chrom in np.unique(chroms):
        rows = chroms == chrom
        if 0 < truth[rows].sum() < rows.sum():
            values.append(average_precision_score(truth[rows], answers[rows]))
            weights.append(rows.sum())
    return float(np.average(values, weights=weights)) if values else float("nan")


def _fitted(x_NF: _Vectors, truth: NDArray[np.int64], chroms: NDArray[Any]) -> Pipeline:
    def model(inverse_penalty: float) -> Pipeline:
        return make_pipeline(
            StandardScaler(), LogisticRegression(C=inverse_penalty, class_weight="balanced", max_iter=1000)
        )

    n_folds = min(_INNER_FOLDS, len(np.unique(chroms)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if n_folds < 2:
            return model(1.0).fit(x_NF, truth)
        grid = {"logisticregression__C": INVERSE_PENALTIES}
        search = GridSearchCV(model(1.0), grid, scoring="average_precision", cv=GroupKFold(n_folds))
        return search.fit(x_NF, truth, groups=chroms).best_estimator_


def _score(how: str, truth: NDArray[np.int64], answers: _Vectors, chroms: NDArray[Any]) -> ProtocolScore:
    shares = (answers - answers.min()) / max(float(np.ptp(answers)), np.finfo(np.float64).tiny)
    values = judge("classification", truth, np.stack([1 - shares, shares], axis=1)).values
    by_chrom = auprc_by_chrom(truth, answers, chroms)
    return ProtocolScore(how, {"auroc": values["auroc"], "auprc": values["auprc"], "auprc-by-chrom": by_chrom}, {})
