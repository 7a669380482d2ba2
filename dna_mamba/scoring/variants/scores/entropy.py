"""How certain the model is of the reference base."""

from collections.abc import Sequence

import numpy as np

from dna_mamba.inference.questions import Answers, Question
from dna_mamba.scoring.variants.scores.base import Column, changed_sites
from dna_mamba.sequences.variant_windows import AlleleWindows


class Entropy:
    """- sum over x of p_i(x) ln p_i(x), position i masked in R; the mean over r. None for a pure insertion."""

    name = "entropy"
    window_bp = None
    columns = (
        Column(
            "entropy",
            "DM_ENTROPY",
            "Entropy in nats of the model's prediction of the masked reference base, the mean over longer changes; "
            "0 (certain) to ln 4 = 1.386 (no idea); missing where an insertion changes no reference base",
        ),
    )

    def questions(self, pair: AlleleWindows) -> Sequence[Question]:
        return changed_sites(pair)[0]

    def values(self, pair: AlleleWindows, answers: Answers) -> tuple[float | None, ...]:
        log_p = [answers.sites[site].astype(np.float64) for site in changed_sites(pair)[0]]
        return (float(-np.mean([(np.exp(row) * row).sum() for row in log_p])) if log_p else None,)
