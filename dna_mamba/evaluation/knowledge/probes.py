"""Linear probes: how well a linear classifier reads codon position, strand and coding off some features."""

import warnings
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.evaluation.knowledge.intervals import Measured, group_draws, with_interval
from dna_mamba.evaluation.knowledge.probe_features import Features
from dna_mamba.evaluation.knowledge.probe_sites import ProbeSites

FOLDS = 5
FEWEST_OF_A_CLASS = 20
_INVERSE_PENALTY = 0.1
_MAX_ITERATIONS = 200


class ProbeQuestion(NamedTuple):
    """Which bases are asked about (n,), what each is (those,), and whether they are read on the gene's strand."""

    name: str
    rows: NDArray[np.int64]
    label: NDArray[np.int64]
    on_sense: bool


class ProbeResult(NamedTuple):
    """Balanced accuracy by source of features, and that of chance."""

    name: str
    n_sites: int
    chance: float
    accuracy: dict[str, Measured]
    ahead: Measured


def questions(sites: ProbeSites) -> list[ProbeQuestion]:
    """Codon position on the gene's strand; which strand is coding; coding or not, on the forward strand."""
    (coding,) = np.nonzero(sites.strand != 0)
    every = np.arange(len(sites.strand))
    return [
        ProbeQuestion("codon position", coding, sites.codon_position[coding], on_sense=True),
        ProbeQuestion("coding strand", coding, (sites.strand[coding] > 0).astype(np.int64), on_sense=False),
        ProbeQuestion("coding or not", every, (sites.strand != 0).astype(np.int64), on_sense=False),
    ]


def probe(
    question: ProbeQuestion,
    sites: ProbeSites,
    features: Mapping[str, tuple[Features, Features]],
    *,
    n_resamples: int,
    seed: int,
) -> ProbeResult | str:
    """Balanced accuracy in five-fold cross-validation over groups, or why a question cannot be asked.

    Args:
        question: one of ``questions``.
        sites: what it is asked about.
        features: by source, forward and sense, (n, F) each; the first source is compared with the best of the others.
        n_resamples: of groups, for the intervals.
        seed: of the resamples.
    """
    classes, label = np.unique(question.label, return_inverse=True)
    counts = np.bincount(label, minlength=1) if len(label) else np.zeros(1, dtype=np.int64)
    if len(classes) < 2 or counts.min() < FEWEST_OF_A_CLASS:
        return f"{len(classes)} classes, the smaller of {int(counts.min())} bases"
    _, group = np.unique(sites.group[question.rows], return_inverse=True)
    n_groups = int(group.max()) + 1
    if n_groups < FOLDS:
        return f"{n_groups} stretches of sequence, and {FOLDS} are needed"
    draws_RG = group_draws(n_groups, n_resamples, seed)
    found: dict[str, tuple[float, NDArray[np.float64]]] = {}
    for source, both in features.items():
        x = both[question.on_sense][question.rows]
        predicted = _predict(x, label, group)
        correct_GK, every_GK = _by_group(predicted == label, label, group, len(classes))
        found[source] = _balanced(correct_GK.sum(0), every_GK.sum(0)), _balanced_rows(draws_RG, correct_GK, every_GK)
    own, *others = found.values()
    best = max(others, key=lambda item: item[0])
    return ProbeResult(
        question.name,
        len(label),
        1 / len(classes),
        {source: with_interval(*item) for source, item in found.items()},
        with_interval(own[0] - best[0], own[1] - best[1]),
    )


def _predict(x_NF: Features, label: NDArray[np.int64], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class of each base, by a classifier that saw no base of its group."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    predicted = np.empty_like(label)
    for fit, ask in _folds(group):
        one = LogisticRegression(C=_INVERSE_PENALTY, class_weight="balanced", max_iter=_MAX_ITERATIONS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            predicted[ask] = make_pipeline(StandardScaler(), one).fit(x_NF[fit], label[fit]).predict(x_NF[ask])
    return predicted


def _folds(group: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    from sklearn.model_selection import GroupKFold

    yield from GroupKFold(FOLDS).split(group[:, None], groups=group)


def _by_group(
    is_correct: NDArray[np.bool_], label: NDArray[np.int64], group: NDArray[np.int64], n_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many bases of each group and class were called correctly, and how many there are, (G, K) each."""
    cell = group * n_classes + label
    size = (int(group.max()) + 1) * n_classes
    correct = np.bincount(cell[is_correct], minlength=size).astype(np.float64)
    every = np.bincount(cell, minlength=size).astype(np.float64)
    return correct.reshape(-1, n_classes), every.reshape(-1, n_classes)


def _balanced(correct_K: NDArray[np.float64], every_K: NDArray[np.float64]) -> float:
    """Mean over classes of the share that was called correctly."""
    return float((correct_K / every_K).mean())


def _balanced_rows(
    draws_RG: NDArray[np.float64], correct_GK: NDArray[np.float64], every_GK: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The same for each resample of groups, (R,); NaN where a class was not drawn."""
    with np.errstate(invalid="ignore"):
        shares: NDArray[np.float64] = ((draws_RG @ correct_GK) / (draws_RG @ every_GK)).mean(1)
    return shares
