"""The answer that looks at no sequence: how often each class is there, or the mean."""

import numpy as np

from dna_mamba.training.finetune.problem import Asked, HeldOutAnswer


def majority(asked: Asked) -> HeldOutAnswer:
    """Shares of the classes or labels among the known rows, or the means of the targets, for every test row."""
    problem, known = asked.problem, asked.part.known
    truth = problem.truth[known]
    if problem.kind == "classes":
        shares_K = np.bincount(truth, minlength=problem.n_outputs) / len(truth)
    else:
        shares_K = truth.mean(0)
    return HeldOutAnswer(np.tile(shares_K.astype(np.float64), (len(asked.part.test), 1)), {})
