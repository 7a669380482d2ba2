"""Dealing rows, or groups of rows, to folds so that each has its share of every class. Equal seeds, equal folds."""

import numpy as np
from numpy.typing import NDArray

from dna_mamba.data.labelled.dataset import Labelled

_N_QUANTILES = 5


def strata_of(labelled: Labelled) -> NDArray[np.int64]:
    """Number of what each row should be spread by, int64 (n,).

    The class; of several labels the combination of them; of numbers the fifth of the first target; of labels a base
    or a bin, and of their tracks, nothing.
    """
    if labelled.task == "classification":
        return np.asarray(labelled.labels, dtype=np.int64)
    if labelled.task == "multilabel":
        return np.asarray(np.unique(labelled.labels, axis=0, return_inverse=True)[1].reshape(-1), dtype=np.int64)
    if labelled.task == "regression":
        first = labelled.label_array()[:, 0]
        edges = np.quantile(first, np.linspace(0, 1, _N_QUANTILES + 1)[1:-1])
        return np.searchsorted(edges, first, side="right").astype(np.int64)
    return np.zeros(len(labelled), dtype=np.int64)


def deal_rows(strata: NDArray[np.int64], n_folds: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """A fold for each row, int64 (n,): sizes differ by one at most, and so do the rows of each stratum.

    Rows are shuffled, sorted by stratum, and dealt one fold after the other.
    """
    shuffled = generator.permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    folds = np.empty(len(strata), dtype=np.int64)
    folds[order] = generator.permutation(n_folds)[np.arange(len(strata)) % n_folds]
    return folds


def deal_groups(
    groups: NDArray[np.int64], strata: NDArray[np.int64], n_folds: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """A fold for each row, int64 (n,), equal within a group.

    Groups go, the largest first, to the fold that has least of what they hold: the one where the sum of squares of
    every fold's share of the rows and of each stratum grows least. As scikit-learn's ``StratifiedGroupKFold``, whose
    results may change between its versions.

    Args:
        groups: number of each row's group, 0 and up, int64 (n,).
        strata: number of each row's stratum, int64 (n,).
        n_folds: at most as many as there are groups.
        generator: decides between equals.
    """
    n_groups = int(groups.max()) + 1
    shares_GS = np.zeros((n_groups, int(strata.max()) + 2))
    np.add.at(shares_GS, (groups, strata), 1.0)
    sizes_G = shares_GS.sum(1)
    shares_GS[:, -1] = sizes_G
    shares_GS /= np.maximum(1.0, shares_GS.sum(0))
    shuffled = generator.permutation(n_groups)
    order = shuffled[np.argsort(-sizes_G[shuffled], kind="stable")]
    filled_FS = np.zeros((n_folds, shares_GS.shape[1]))
    fold_of_G = np.empty(n_groups, dtype=np.int64)
    for rank, group in enumerate(order):
        growth_F = filled_FS @ shares_GS[group]
        if n_groups - rank <= np.count_nonzero(filled_FS[:, -1] == 0):  # so that no fold stays empty
            growth_F[filled_FS[:, -1] > 0] = np.inf
        fold = int(np.argmin(np.round(growth_F, 12)))
        fold_of_G[group] = fold
        filled_FS[fold] += shares_GS[group]
    return fold_of_G[groups]


def numbered(names: list[str]) -> NDArray[np.int64]:
    """The number of each row's name, int64 (n,), in order of first appearance."""
    number: dict[str, int] = {}
    return np.array([number.setdefault(name, len(number)) for name in names], dtype=np.int64)
