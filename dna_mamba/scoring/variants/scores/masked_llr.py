"""The masked log-likelihood ratio: the default score."""

from collections.abc import Sequence

from dna_mamba.inference.questions import Answers, Question
from dna_mamba.scoring.variants.scores.base import Column, changed_sites, log_ratio
from dna_mamba.sequences.variant_windows import AlleleWindows


class MaskedLlr:
    """Sum over a of ln 4 p_i(a_i | A, i masked) minus the same over r in R.

    For a substitution this is the masked marginal ln p(alt) - ln p(ref) (Meier et al. 2021; for DNA Benegas et al.
    2023); for longer alleles the pseudo-log-likelihood ratio (Salazar et al. 2020; Brandes et al. 2023), in which a
    base that could be any of the four counts nothing, so that length alone makes no difference.
    """

    name = "llr"
    window_bp = None
    columns = (
        Column(
            "llr",
            "DM_LLR",
            "Masked log-likelihood ratio in nats, both strands joined: ln p(ALT) - ln p(REF) with the site masked; "
            "for longer alleles the sum of ln 4p over the changed bases of ALT, each masked in turn, minus that of "
            "REF; below 0: ALT less likely than REF; any real number",
        ),
    )

    def questions(self, pair: AlleleWindows) -> Sequence[Question]:
        ref, alt = changed_sites(pair)
        return [*ref, *alt]

    def values(self, pair: AlleleWindows, answers: Answers) -> tuple[float | None, ...]:
        ref, alt = (
            sum(float(answers.sites[site][code]) for site, code in zip(sites, codes, strict=True))
            for sites, codes in zip(changed_sites(pair), (pair.ref, pair.alt), strict=True)
        )
        return (log_ratio(alt, ref, pair),)
