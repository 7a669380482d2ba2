"""The scores of an allele: what each asks of the model, its formula, unit, sign, range and source.

Notation: R and A are the windows with either allele, r and a the stretches in which they differ (one base each for a
substitution; every placement of an insertion or deletion, see ``haplotypes``), ln p_i(x | W) the model's natural log
probability, over A, C, G and T, of base x at position i of window W, both strands joined.

A score of another kind, such as one from a fine-tuned head, is one more ``Score`` in ``SCORES``.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.inference.questions import Answers, Masked, Request, Whole, WholeAnswer
from dna_mamba.scoring.variants.change import Haplotypes

LOCAL_FLANK_BP = 8
"""Bases on either side of a change that a local embedding takes in."""
_UNIFORM = float(np.log(4))
"""What a base is worth that could as well be any of the four, in nats."""


class Column(NamedTuple):
    """One number an allele: its name in tables and Python, its INFO key, and what it says."""

    name: str
    key: str
    description: str


class Score(Protocol):
    """One way to score an allele."""

    @property
    def name(self) -> str:
        """What ``--scores`` calls it."""
        ...

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its numbers."""
        ...

    def requests(self, pair: Haplotypes) -> Sequence[Request]:
        """What must be asked of the model."""
        ...

    def values(self, pair: Haplotypes, answers: Answers) -> tuple[float | None, ...]:
        """A number for each column; None where it has no meaning."""
        ...


def _masked(codes: NDArray[np.uint8], start: int, count: int) -> list[Masked]:
    window = codes.tobytes()
    return [Masked(window, offset) for offset in range(start, start + count)]


def _sites(pair: Haplotypes) -> tuple[list[Masked], list[Masked]]:
    """The positions of r in R and of a in A, each masked; a substitution masks one site, the same in both."""
    start = len(pair.left)
    ref = _masked(pair.ref_codes, start, len(pair.ref))
    return ref, ref if pair.is_substitution else _masked(pair.alt_codes, start, len(pair.alt))


def _log_p(answers: Answers, site: Masked) -> NDArray[np.float32]:
    answer = answers[site]
    assert not isinstance(answer, WholeAnswer)
    return answer


def _whole(answers: Answers, codes: NDArray[np.uint8]) -> WholeAnswer:
    answer = answers[Whole(codes.tobytes())]
    assert isinstance(answer, WholeAnswer)
    return answer


def _wholes(pair: Haplotypes) -> list[Request]:
    return [Whole(pair.ref_codes.tobytes()), Whole(pair.alt_codes.tobytes())]


def _ratio(alt: float, ref: float, pair: Haplotypes) -> float:
    """The difference of two sums over a and r, each base counted against one in four; 0.0, never -0.0."""
    return float(np.float32(alt - ref + _UNIFORM * (len(pair.alt) - len(pair.ref))) + np.float32(0))


class MaskedLlr:
    """Sum over a of ln 4 p_i(a_i | A, i masked) minus the same over r in R.

    For a substitution this is the masked marginal ln p(alt) - ln p(ref) (Meier et al. 2021; for DNA Benegas et al.
    2023); for longer alleles the pseudo-log-likelihood ratio (Salazar et al. 2020; Brandes et al. 2023), in which a
    base that could be any of the four counts nothing, so that length alone makes no difference.
    """

    name = "llr"
    columns = (
        Column(
            "llr",
            "DM_LLR",
            "Masked log-likelihood ratio in nats, both strands joined: ln p(ALT) - ln p(REF) with the site masked; "
            "for longer alleles the sum of ln 4p over the changed bases of ALT, each masked in turn, minus that of "
            "REF; below 0: ALT less likely than REF; any real number",
        ),
    )

    def requests(self, pair: Haplotypes) -> Sequence[Request]:
        ref, alt = _sites(pair)
        return [*ref, *alt]

    def values(self, pair: Haplotypes, answers: Answers) -> tuple[float | None, ...]:
        ref, alt = (
            sum(float(_log_p(answers, site)[code]) for site, code in zip(sites, codes, strict=True))
            for sites, codes in zip(_sites(pair), (pair.ref, pair.alt), strict=True)
        )
        return (_ratio(alt, ref, pair),)


class UnmaskedLlr:
    """The same from one pass over each window, nothing masked: a position sees the base it predicts.

    For a substitution both probabilities come from the reference window (wild-type marginal, Meier et al. 2021).
    """

    name = "wt-llr"
    columns = (
        Column(
            "wt_llr",
            "DM_WT_LLR",
            "Unmasked log-likelihood ratio in nats, both strands joined: ln p(ALT) - ln p(REF) read off one pass over "
            "the reference window; for longer alleles the sum of ln 4p over the changed bases of ALT in the ALT "
            "window minus that of REF; below 0: ALT less likely than REF; any real number",
        ),
    )

    def requests(self, pair: Haplotypes) -> Sequence[Request]:
        return _wholes(pair)[: 1 if pair.is_substitution else 2]

    def values(self, pair: Haplotypes, answers: Answers) -> tuple[float | None, ...]:
        start = len(pair.left)
        ref_window = _whole(answers, pair.ref_codes)
        alt_window = ref_window if pair.is_substitution else _whole(answers, pair.alt_codes)
        ref, alt = (
            float(window.log_p_L4[np.arange(start, start + len(codes)), codes].astype(np.float64).sum())
            for window, codes in ((ref_window, pair.ref), (alt_window, pair.alt))
        )
        return (_ratio(alt, ref, pair),)


class EmbeddingDistance:
    """Distances between the mean hidden states of R and A, over all positions and around the change.

    Cosine distance is 1 - u.v / (|u| |v|). As zero-shot scores: Dalla-Torre et al. 2024.
    """

    name = "embedding"
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

    def requests(self, pair: Haplotypes) -> Sequence[Request]:
        return _wholes(pair)

    def values(self, pair: Haplotypes, answers: Answers) -> tuple[float | None, ...]:
        ref, alt = (_whole(answers, codes).hidden_LC for codes in (pair.ref_codes, pair.alt_codes))
        first = max(0, len(pair.left) - LOCAL_FLANK_BP)
        near = [slice(first, len(pair.left) + len(x) + LOCAL_FLANK_BP) for x in (pair.ref, pair.alt)]
        return (*_distances(ref, alt), *_distances(ref[near[0]], alt[near[1]]))


class Influence:
    """The mean over positions outside the change of the largest change of log odds among the four bases.

    mean_j max_x |logit p_j(x | A) - logit p_j(x | R)|: the variant influence of Tomaz da Silva et al. (2025), in nats.
    """

    name = "influence"
    columns = (
        Column(
            "influence",
            "DM_INFLUENCE",
            "Mean over the other positions of the window of the largest absolute change, among A, C, G and T, of "
            "their log odds in nats; 0 or more",
        ),
    )

    def requests(self, pair: Haplotypes) -> Sequence[Request]:
        return _wholes(pair)

    def values(self, pair: Haplotypes, answers: Answers) -> tuple[float | None, ...]:
        ref, alt = (
            np.delete(_log_odds(_whole(answers, codes)), slice(len(pair.left), len(pair.left) + len(changed)), axis=0)
            for codes, changed in ((pair.ref_codes, pair.ref), (pair.alt_codes, pair.alt))
        )
        return (float(np.abs(alt - ref).max(axis=1).mean()) if len(ref) else None,)


class Entropy:
    """- sum over x of p_i(x) ln p_i(x), position i masked in R; the mean over r. None for a pure insertion."""

    name = "entropy"
    columns = (
        Column(
            "entropy",
            "DM_ENTROPY",
            "Entropy in nats of the model's prediction of the masked reference base, the mean over longer changes; "
            "0 (certain) to ln 4 = 1.386 (no idea); missing where an insertion changes no reference base",
        ),
    )

    def requests(self, pair: Haplotypes) -> Sequence[Request]:
        return _sites(pair)[0]

    def values(self, pair: Haplotypes, answers: Answers) -> tuple[float | None, ...]:
        log_p = [_log_p(answers, site).astype(np.float64) for site in _sites(pair)[0]]
        return (float(-np.mean([(np.exp(row) * row).sum() for row in log_p])) if log_p else None,)


SCORES: dict[str, Score] = {
    score.name: score for score in (MaskedLlr(), UnmaskedLlr(), EmbeddingDistance(), Influence(), Entropy())
}
"""Every score by the name that ``--scores`` takes."""


DEFAULT_SCORES = (MaskedLlr.name,)


def find_scores(names: Sequence[str]) -> tuple[Score, ...]:
    """The scores of these names, each once. Raises InputError for an unknown one, or none."""
    for name in names:
        if name not in SCORES:
            raise InputError(f"unknown score {name!r}", place="--scores", remedy=f"choose from {', '.join(SCORES)}")
    if not names:
        raise InputError("no scores", place="--scores", remedy=f"choose from {', '.join(SCORES)}")
    return tuple(SCORES[name] for name in dict.fromkeys(names))


def columns_of(scores: Sequence[Score]) -> list[Column]:
    """All columns, in order."""
    return [column for score in scores for column in score.columns]


def _log_odds(answer: WholeAnswer) -> NDArray[np.float64]:
    """Log odds ln p - ln(1 - p), (L, 4); 1 - p as the sum of the other three, which keeps its digits near p = 1."""
    log_p = answer.log_p_L4.astype(np.float64)
    others = [np.logaddexp.reduce(np.delete(log_p, base, axis=1), axis=1) for base in range(4)]
    odds: NDArray[np.float64] = log_p - np.stack(others, axis=1)
    return odds


def _distances(a_LC: NDArray[np.float32], b_LC: NDArray[np.float32]) -> tuple[float, float]:
    """Euclidean and cosine distance between the means over positions."""
    a, b = a_LC.mean(0, dtype=np.float64), b_LC.mean(0, dtype=np.float64)
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    cosine = max(0.0, 1 - float(a @ b) / norms) if norms else 0.0
    return float(np.linalg.norm(a - b)), cosine
