"""The protocol of GENEB (Ledneva et al. 2026, arXiv:2606.04525): logistic regression on mean-pooled vectors.

``LogisticRegression(max_iter=1000)`` of scikit-learn with its other defaults, on all training rows and on 10 and 1 rows
a class, drawn with the seeds 13, 17, 42, 123 and 997 as the benchmark's own program draws them. Vectors are means over
the bases of a sequence: pads never count.
"""

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from dna_mamba.alphabet import Codes
from dna_mamba.checkpoints import load_model
from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.evaluation.protocols.copies import SplitTask
from dna_mamba.evaluation.protocols.scored import ProtocolScore
from dna_mamba.metrics import judge
from dna_mamba.models.model import StrandModel
from dna_mamba.training.finetune.embeddings import EmbeddingRequest, embed_rows

SEEDS = (13, 17, 42, 123, 997)
SHOTS = (None, 10, 1)
"""Rows a class that are trained on; None is all."""
METRICS_SHOWN = ("mcc", "accuracy", "f1", "auroc", "auprc")


def probe_task(task: SplitTask, model: StrandModel) -> list[ProtocolScore]:
    """What a linear probe reaches on the test rows, for each of ``SHOTS``; of several labels a row, on all rows."""
    train_NF, test_NF = (mean_vectors(model, sequences) for sequences in (task.train, task.test))
    if task.train_labels.ndim == 2:
        return [_labels(task, train_NF, test_NF)]
    return [_shot(task, train_NF, test_NF, shots) for shots in SHOTS]


def mean_vectors(model: StrandModel, sequences: Sequence[Codes]) -> NDArray[np.float64]:
    """Hidden states averaged over bases, and over strands where the model reads both, (n, F)."""
    ids = [str(number) for number in range(len(sequences))]
    labels = np.zeros(len(sequences), dtype=np.int64)
    rows = Labelled("classification", ids, sequences, labels, ("0",), source="benchmark", sha256="")
    with tempfile.TemporaryDirectory() as folder:
        request = EmbeddingRequest(model, ("mean",), Path(folder) / "vectors", {})
        table = embed_rows(request, rows, ("joined",))
        return table.of(table.kinds[0], np.arange(len(sequences)))


def open_encoder(model: str, device: str | torch.device) -> StrandModel:
    """The model whose vectors are probed, with a head or without. Raises InputError if it cannot be opened."""
    return load_model(model, device)


def few_rows(labels: NDArray[np.int64], shots: int, seed: int) -> NDArray[np.int64]:
    """At most so many rows of each class, by chance, class after class from one ``RandomState`` as in GENEB."""
    chance = np.random.RandomState(seed)
    of_classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.concatenate([chance.choice(rows, size=min(shots, len(rows)), replace=False) for rows in of_classes])


def _shot(task: SplitTask, train_NF: NDArray[Any], test_NF: NDArray[Any], shots: int | None) -> ProtocolScore:
    found = []
    for seed in SEEDS if shots is not None else SEEDS[:1]:  # with all rows nothing is drawn by chance
        rows = np.arange(len(train_NF)) if shots is None else few_rows(task.train_labels, shots, seed)
        probe = _fitted(train_NF[rows], task.train_labels[rows], seed)
        found.append(judge("classification", task.test_labels, probe.predict_proba(test_NF)).values)
    values = {name: [one[name] for one in found] for name in METRICS_SHOWN}
    how = "linear probe" + ("" if shots is None else f", {shots} a class")
    mean = {name: float(np.mean(numbers)) for name, numbers in values.items()}
    return ProtocolScore(how, mean, {} if shots is None else {name: float(np.std(x)) for name, x in values.items()})


def _labels(task: SplitTask, train_NF: NDArray[Any], test_NF: NDArray[Any]) -> ProtocolScore:
    """A probe a label; one that no training row, or each of them, has is answered with that share."""
    shares = np.empty(task.test_labels.shape)
    for index, column in enumerate(task.train_labels.T):
        if 0 < column.sum() < len(column):
            shares[:, index] = _fitted(train_NF, column, SEEDS[0]).predict_proba(test_NF)[:, 1]
        else:
            shares[:, index] = column.mean()
    values = judge("multilabel", task.test_labels, shares).values
    return ProtocolScore("linear probe a label", {name: values[name] for name in METRICS_SHOWN}, {})


def _fitted(x_NF: NDArray[Any], labels: NDArray[np.int64], seed: int) -> LogisticRegression:
    probe = LogisticRegression(max_iter=1000, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the protocol stops at 1000 iterations, as published
        return probe.fit(x_NF, labels)
