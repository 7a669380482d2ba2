"""How far the variant changes what the model expects elsewhere."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dna_mamba.inference.questions import Answers, Question, WindowAnswer
from dna_mamba.scoring.variants.scores.base import Column, answers_of_both, both_windows
from dna_mamba.sequences.variant_windows import AlleleWindows


class Influence:
    """The mean over positions outside the change of the largest change of log odds among the four bases.

    mean_j max_x |logit p_j(x | A) - logit p_j(x | R)|: the variant influence of Tomaz da Silva et al. (2025), in nats.
    """

    name = "influence"
    window_bp = None
    columns = (
        Column(
            "influence",
            "DM_INFLUENCE",
            "Mean over the other positions of the window of the largest absolute change, among A, C, G and T, of "
            "their log odds in nats; 0 or more",
        ),
    )

    def questions(self, pair: AlleleWindows) -> Sequence[Question]:
        return both_windows(pair)

    def values(self, pair: AlleleWindows, answers: Answers) -> tuple[float | None, ...]:
        ref, alt = (
            np.delete(_log_odds(answer), slice(len(pair.left), len(pair.left) + len(changed)), axis=0)
            for answer, changed in zip(answers_of_both(pair, answers), (pair.ref, pair.alt), strict=True)
        )
        return (float(np.abs(alt - ref).max(axis=1).mean()) if len(ref) else None,)


def _log_odds(answer: WindowAnswer) -> NDArray[np.float64]:
    """Log odds ln p - ln(1 - p), (L, 4); 1 - p as the sum of the other three, which keeps its digits near p = 1."""
    log_p = answer.log_p_L4.astype(np.float64)
    others = [np.logaddexp.reduce(np.delete(log_p, base, axis=1), axis=1) for base in range(4)]
    odds: NDArray[np.float64] = log_p - np.stack(others, axis=1)
    return odds
