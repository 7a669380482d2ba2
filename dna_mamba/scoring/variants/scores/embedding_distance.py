"""How far the variant moves the hidden states."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dna_mamba.inference.questions import Answers, Question
from dna_mamba.scoring.variants.scores.base import Column, answers_of_both, both_windows
from dna_mamba.sequences.variant_windows import AlleleWindows

LOCAL_FLANK_BP = 8
"""Bases on either side of a change that a local embedding takes in."""


class EmbeddingDistance:
    """Distances between the mean hidden states of R and A, over all positions and around the change.

    Cosine distance is 1 - u.v / (|u| |v|). As zero-shot scores: Dalla-Torre et al. 2024.
    """

    name = "embedding"
    window_bp = None
    columns = (
        Column("l2", "DM_EMB_L2", "Euclidean distance between the mean hidden states of both windows; 0 or more"),
        Column("cosine", "DM_EMB_COS", "Cosine distance between the mean hidden states of both windows; 0 to 2"),
        Column(
            "local_l2", "DM_EMB_LOCAL_L2", f"The Euclidean distance over the change and {LOCAL_FLANK_BP} bp around it"
        ),
        Column(
            "local_cosine", "DM_EMB_LOCAL_COS", f"The cosine distance over the change and {LOCAL_FLANK_BP} bp around it"
        ),
    )

    def questions(self, pair: AlleleWindows) -> Sequence[Question]:
        return both_windows(pair)

    def values(self, pair: AlleleWindows, answers: Answers) -> tuple[float | None, ...]:
        ref, alt = (answer.hidden_LC for answer in answers_of_both(pair, answers))
        first = max(0, len(pair.left) - LOCAL_FLANK_BP)
        near = [slice(first, len(pair.left) + len(x) + LOCAL_FLANK_BP) for x in (pair.ref, pair.alt)]
        return (*_distances(ref, alt), *_distances(ref[near[0]], alt[near[1]]))


def _distances(a_LC: NDArray[np.float32], b_LC: NDArray[np.float32]) -> tuple[float, float]:
    """Euclidean and cosine distance between the means over positions."""
    a, b = a_LC.mean(0, dtype=np.float64), b_LC.mean(0, dtype=np.float64)
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    cosine = max(0.0, 1 - float(a @ b) / norms) if norms else 0.0
    return float(np.linalg.norm(a - b)), cosine
