"""What is known of a contig, as sums that give the evidence of any stretch at once.

The score of a gene is the log-probability of its bases' labels less that of the same bases being intergenic, so that
of all sets of genes the one of most total score is the most probable labelling (the semi-Markov path of Burge &
Karlin 1997, J. Mol. Biol. 268:78, with the head's probabilities for those of its states). What has been learnt of the
genome itself is added.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, reverse_complement_codes
from dna_mamba.annotation.codons import codon_signals, codons_at
from dna_mamba.annotation.labels import columns_of
from dna_mamba.annotation.options import DecoderOptions
from dna_mamba.annotation.statistics.coding_potential import words_of
from dna_mamba.annotation.statistics.genome import GenomeStatistics
from dna_mamba.annotation.statistics.splice_sites import pair_offsets

MOST_NATS = 6.0
"""A base says at most this much for or against a gene: one wrong answer must not outweigh a gene."""

ClassLogProbabilities = NDArray[np.floating]
"""(L, K), natural logarithms of a head's probabilities of its classes."""


class StrandEvidence(NamedTuple):
    """One strand of a contig, read in its own direction.

    ``bases`` uint8 (L,). ``coding`` (3, L + 1): sums of log-odds of coding over the bases before an offset, row f for
    genes whose codons begin at offsets that leave f when divided by 3. ``intron`` (L + 1,), None where the head knows
    no introns. ``starts`` (L,): what a gene that begins here earns, -inf where no start codon does. ``donors`` and
    ``acceptors`` (L + 1,): what an intron that begins, or ends, at an offset earns; None where nothing is known.
    """

    bases: Codes
    coding: NDArray[np.float64]
    intron: NDArray[np.float64] | None
    starts: NDArray[np.float32]
    donors: NDArray[np.float32] | None
    acceptors: NDArray[np.float32] | None

    def turned(self) -> "StrandEvidence":
        """The same evidence counted from the other end, codons by the base of theirs that then comes first."""
        length = len(self.bases)
        coding = np.stack([_from_the_end(self.coding[(length - frame) % 3]) for frame in range(3)])
        intron = None if self.intron is None else _from_the_end(self.intron)
        starts = np.full(length, -np.inf, dtype=np.float32)
        starts[: max(0, length - 2)] = self.starts[: max(0, length - 2)][::-1]
        donors, acceptors = (None if some is None else some[::-1] for some in (self.donors, self.acceptors))
        return StrandEvidence(reverse_complement_codes(self.bases), coding, intron, starts, donors, acceptors)


def evidence_of(
    bases: Codes,
    log_p_LK: ClassLogProbabilities,
    names: Sequence[str],
    strand: str,
    options: DecoderOptions,
    statistics: GenomeStatistics | None = None,
) -> StrandEvidence:
    """The evidence of one strand; for ``-`` everything is turned round.

    Args:
        bases: base codes of the contig's + strand, uint8 (L,).
        log_p_LK: of its bases' classes.
        names: of the K classes, as ``labels.label_names``.
        strand: ``+`` or ``-``.
        options: of the decoder.
        statistics: of the genome, None for what the head says alone.

    Raises:
        InputError: these are not the classes of an annotation, or there is no such genetic code.
    """
    if strand == "-":
        bases = reverse_complement_codes(bases)
    weight = options.evidence_weight if statistics is None else statistics.head_weight
    coding, intron = head_sums(log_p_LK, names, strand)
    coding *= weight
    if intron is not None:
        intron *= options.evidence_weight
    if statistics is not None:
        coding += potential_sums(bases, statistics, options)
    donors, acceptors = _splice_nats(bases, statistics)
    return StrandEvidence(bases, coding, intron, _start_nats(bases, options, statistics), donors, acceptors)


def head_sums(
    log_p_LK: ClassLogProbabilities, names: Sequence[str], strand: str
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Sums of a head's log-odds against intergenic, of coding (3, L + 1) and of introns (L + 1,) if it knows any."""
    columns = columns_of(names, strand)
    step = 1 if strand == "+" else -1
    background_L = log_p_LK[::step, columns.intergenic].astype(np.float64)

    def log_odds(column: int) -> NDArray[np.float64]:
        odds: NDArray[np.float64] = np.clip(log_p_LK[::step, column] - background_L, -MOST_NATS, MOST_NATS)
        return odds

    coding = _framed((log_odds(column) for column in columns.coding), len(log_p_LK))
    return coding, None if columns.intron is None else _summed(log_odds(columns.intron))


def potential_sums(bases: Codes, statistics: GenomeStatistics, options: DecoderOptions) -> NDArray[np.float64]:
    """Sums of coding potential and of what a base without a stop codon earns, (3, L + 1); ``bases`` of the strand."""
    words = words_of(bases)
    weight, earned = options.potential_weight, options.open_nats
    return _framed((weight * nats[words] + earned for nats in statistics.coding.nats), len(bases))


def _start_nats(bases: Codes, options: DecoderOptions, statistics: GenomeStatistics | None) -> NDArray[np.float32]:
    """Shares of start codons, or what starts of the genome look like."""
    nats = codon_signals(options.genetic_code).start_nats[codons_at(bases)].astype(np.float32)
    if statistics is not None:
        sites = np.flatnonzero(nats > -np.inf)
        nats[sites] = statistics.starts.at(bases, sites)
    return nats


def _splice_nats(
    bases: Codes, statistics: GenomeStatistics | None
) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
    if statistics is None or statistics.splice is None:
        return None, None
    donors, acceptors = (np.zeros(len(bases) + 1, dtype=np.float32) for _ in range(2))
    for letters in ("GT", "GC"):
        sites = pair_offsets(bases, letters)
        donors[sites] = statistics.splice.donors(bases, sites)
    sites = pair_offsets(bases, "AG") + 2
    acceptors[sites] = statistics.splice.acceptors(bases, sites)
    return donors, acceptors


def _framed(places: Iterable[NDArray[np.float64]], length: int) -> NDArray[np.float64]:
    """Sums (3, L + 1) over each base's own place in codons that begin at offsets of a frame, of odds a place (L,)."""
    chosen = np.zeros((3, length + 1))
    for place, odds in enumerate(places):
        for frame in range(3):
            first = (frame + place) % 3
            chosen[frame, 1 + first :: 3] = odds[first::3]
    return np.cumsum(chosen, axis=1, out=chosen)


def _summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(values)])


def _from_the_end(summed: NDArray[np.float64]) -> NDArray[np.float64]:
    turned: NDArray[np.float64] = summed[-1] - summed[::-1]
    return turned
