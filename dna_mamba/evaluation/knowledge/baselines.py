"""The best Markov baselines at single positions, counted in what is not held out."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes, bases_of
from dna_mamba.data.markov import ONE_SIDED, TWO_SIDED, BaselineLoss, MarkovBaselines
from dna_mamba.data.words import some_of
from dna_mamba.evaluation.knowledge.sites import Chart, Sites
from dna_mamba.io.fasta import FastaReader

_CHOSEN_ON_BP, _CHOSEN_ON_PIECE_BP = 2**20, 2**14
_GAP = np.array([N_CODE], dtype=np.uint8)
_SITES_AT_A_TIME = 2**14


class BestBaselines(NamedTuple):
    """The one-sided and the two-sided baseline with the lowest loss on the held-out sequence, in hindsight."""

    markov: MarkovBaselines
    one_sided: BaselineLoss
    two_sided: BaselineLoss

    @property
    def best(self) -> BaselineLoss:
        """The better of the two."""
        return min((self.one_sided, self.two_sided), key=lambda loss: loss.bits_per_base)

    @property
    def names(self) -> list[str]:
        """Of both, the one-sided first."""
        return [self.one_sided.name, self.two_sided.name]


def best_baselines(train: Sequence[Codes], held_out: Sequence[Codes]) -> BestBaselines:
    """Every baseline counted on ``train``, the best of each side on up to 1 Mbp of ``held_out``, uint8 (L,) each."""
    markov = MarkovBaselines(train)
    losses = markov.losses(some_of(held_out, _CHOSEN_ON_BP, _CHOSEN_ON_PIECE_BP))

    def best(side: str) -> BaselineLoss:
        asked = [loss for loss in losses if loss.kind.startswith(side) and not math.isnan(loss.bits_per_base)]
        return min(asked, key=lambda loss: loss.bits_per_base)

    return BestBaselines(markov, best(ONE_SIDED), best(TWO_SIDED))


def markov_log_p(
    markov: MarkovBaselines, baseline: BaselineLoss, genome: FastaReader, chart: Chart, sites: Sites
) -> NDArray[np.float32]:
    """Natural log of what a baseline says of A, C, G, T at sorted distinct sites, float32 (n, 4).

    All four are equal where its context leaves the contig or holds an unknown base.
    """
    answers = np.full((len(sites), 4), math.log(1 / 4), dtype=np.float32)
    for chrom, rows, positions in chart.by_contig(sites):
        for first in range(0, len(rows), _SITES_AT_A_TIME):
            here = slice(first, first + _SITES_AT_A_TIME)
            log_p_N4 = _on_contig(markov, baseline, genome, chrom, positions[here])
            known_N = np.isfinite(log_p_N4).all(1)
            answers[rows[here][known_N]] = log_p_N4[known_N]
    return answers


def _on_contig(
    markov: MarkovBaselines, baseline: BaselineLoss, genome: FastaReader, chrom: str, positions: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Of sites near each other one stretch is read, with the context around it; stretches are parted by an N."""
    reach_bp, length = markov.counts.longest, genome.length(chrom)
    breaks = np.flatnonzero(np.diff(positions) > 2 * reach_bp) + 1
    stretches: list[Codes] = []
    offsets: list[NDArray[np.int64]] = []
    size = 0
    for group in np.split(positions, breaks):
        start, end = max(0, int(group[0]) - reach_bp), min(length, int(group[-1]) + reach_bp + 1)
        stretches += [bases_of(genome.codes(chrom, start, end)), _GAP]
        offsets.append(group - start + size)
        size += end - start + 1
    p_L4 = markov.probabilities(np.concatenate(stretches), baseline)
    return np.log(p_L4[np.concatenate(offsets)])
