"""The log-likelihood ratio of one pass, nothing masked."""

import numpy as np

from dna_mamba.inference.questions import Answers, WholeWindow
from dna_mamba.scoring.variants.scores.base import Column, both_windows, log_ratio
from dna_mamba.sequences.variant_windows import AlleleWindows


class UnmaskedLlr:
    """``MaskedLlr`` from one pass over each window, nothing masked: a position sees the base it predicts.

    For a substitution both probabilities come from the reference window (wild-type marginal, Meier et al. 2021).
    """

    name = "wt-llr"
    window_bp = None
    columns = (
        Column(
            "wt_llr",
            "DM_WT_LLR",
            "Unmasked log-likelihood ratio in nats, both strands joined: ln p(ALT) - ln p(REF) read off one pass over "
            "the reference window; for longer alleles the sum of ln 4p over the changed bases of ALT in the ALT "
            "window minus that of REF; below 0: ALT less likely than REF; any real number",
        ),
    )

    def questions(self, pair: AlleleWindows) -> list[WholeWindow]:
        return both_windows(pair)[: 1 if pair.is_substitution else 2]

    def values(self, pair: AlleleWindows, answers: Answers) -> tuple[float | None, ...]:
        start = len(pair.left)
        windows = [answers.windows[window] for window in self.questions(pair)]
        ref, alt = (
            float(window.log_p_L4[np.arange(start, start + len(codes)), codes].astype(np.float64).sum())
            for window, codes in zip((windows[0], windows[-1]), (pair.ref, pair.alt), strict=True)
        )
        return (log_ratio(alt, ref, pair),)
