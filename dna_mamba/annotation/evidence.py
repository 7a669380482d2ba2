"""What a head says of a contig, as sums that give the evidence of any stretch at once.

The score of a gene is the log-probability of its bases' labels less that of the same bases being intergenic, so that
of all sets of genes the one of most total score is the most probable labelling (the semi-Markov path of Burge &
Karlin 1997, J. Mol. Biol. 268:78, with the head's probabilities for those of its states).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, reverse_complement_codes
from dna_mamba.annotation.labels import columns_of

MOST_NATS = 6.0
"""A base says at most this much for or against a gene: one wrong answer must not outweigh a gene."""

ClassLogProbabilities = NDArray[np.floating]
"""(L, K), natural logarithms of a head's probabilities of its classes."""


class StrandEvidence(NamedTuple):
    """One strand of a contig, read in its own direction.

    ``bases`` uint8 (L,). ``coding`` (3, L + 1): sums of log-odds of coding against intergenic over the bases before an
    offset, row f for genes whose codons begin at offsets that leave f when divided by 3. ``intron`` (L + 1,), None
    where the head knows no introns.
    """

    bases: Codes
    coding: NDArray[np.float64]
    intron: NDArray[np.float64] | None

    def turned(self) -> "StrandEvidence":
        """The same evidence counted from the other end, codons by the base of theirs that then comes first."""
        length = len(self.bases)
        coding = np.stack([_from_the_end(self.coding[(length - frame) % 3]) for frame in range(3)])
        intron = None if self.intron is None else _from_the_end(self.intron)
        return StrandEvidence(reverse_complement_codes(self.bases), coding, intron)


def evidence_of(
    bases: Codes, log_p_LK: ClassLogProbabilities, names: Sequence[str], strand: str, weight: float
) -> StrandEvidence:
    """The evidence of one strand; for ``-`` everything is turned round.

    Args:
        bases: base codes of the contig's + strand, uint8 (L,).
        log_p_LK: of its bases' classes.
        names: of the K classes, as ``labels.label_names``.
        strand: ``+`` or ``-``.
        weight: of the log-odds of each base.

    Raises:
        InputError: these are not the classes of an annotation.
    """
    columns = columns_of(names, strand)
    step = 1 if strand == "+" else -1
    background_L = log_p_LK[::step, columns.intergenic].astype(np.float64)

    def log_odds(column: int) -> NDArray[np.float64]:
        odds: NDArray[np.float64] = weight * np.clip(log_p_LK[::step, column] - background_L, -MOST_NATS, MOST_NATS)
        return odds

    places = [log_odds(column) for column in columns.coding]
    coding = np.stack([_summed(_in_frame(places, frame)) for frame in range(3)])
    intron = None if columns.intron is None else _summed(log_odds(columns.intron))
    return StrandEvidence(bases if strand == "+" else reverse_complement_codes(bases), coding, intron)


def _in_frame(places: Sequence[NDArray[np.float64]], frame: int) -> NDArray[np.float64]:
    """Log-odds of each base's own place in codons that begin at offsets of this frame."""
    chosen = np.empty_like(places[0])
    for place in range(3):
        first = (frame + place) % 3
        chosen[first::3] = places[place][first::3]
    return chosen


def _summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(values)])


def _from_the_end(summed: NDArray[np.float64]) -> NDArray[np.float64]:
    turned: NDArray[np.float64] = summed[-1] - summed[::-1]
    return turned
