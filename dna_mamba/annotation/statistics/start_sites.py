"""Where genes of a genome begin: shares of start codons, and the ribosome's binding site with its spacing.

Every feature is a log-odds of the starts of confident genes against the other start codons in their frames, as the
start models of Besemer et al. 2001 (Nucleic Acids Res. 29:2607) and Hyatt et al. 2010 (BMC Bioinformatics 11:119) are.
Where genes are spliced, ribosomes scan: the letters around starts (Kozak 1987, Nucleic Acids Res. 15:8125) take the
place of the binding site.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes
from dna_mamba.annotation.codons import UNKNOWN_CODON, CodonSignals, codon_numbers, codons_at
from dna_mamba.annotation.statistics.motifs import PositionWeights, SpacedMotif, find_motif, position_weights, windows

_BEFORE, _AFTER = 24, 6
_MOTIF_BP, _LEAST_SPACING = 6, 3
_MOTIF_WEIGHT = 1.5
"""Chosen on the first 1.2 Mbp of E. coli and M. tuberculosis without a head."""
_SCANNED_BP = 9
_PSEUDO = 2.0
_MOST_OTHERS = 20_000


class StartSites(NamedTuple):
    """What starts look like: ``codon_nats`` (65,), -inf for codons that begin no gene; a motif, or letters around."""

    codon_nats: NDArray[np.float64]
    motif: SpacedMotif | None
    around: tuple[PositionWeights, ...]

    def at(self, bases: Codes, sites: NDArray[np.int64]) -> NDArray[np.float64]:
        """Log-odds of a gene that begins at each site, (n,); ``bases`` (L,) are read in the strand's direction."""
        nats = self.codon_nats[codons_at(bases)[sites]]
        if self.motif is not None:
            nats = nats + _MOTIF_WEIGHT * self.motif.at(bases, sites)
        for weights in self.around:
            nats = nats + weights.at(bases, sites)
        return nats


class StartLetters:
    """Letters around the starts of confident genes, and around other start codons in their frames."""

    def __init__(self, signals: CodonSignals) -> None:
        self._signals = signals
        self._own: list[NDArray[np.uint8]] = []
        self._others: list[NDArray[np.uint8]] = []

    def add(self, bases: Codes, positions: Sequence[NDArray[np.int64]]) -> None:
        """Genes of one strand by their positions in reading order; ``bases`` (L,) are those of the strand."""
        if not positions:
            return
        first = np.array([own[0] for own in positions])
        inside = np.concatenate([own[3:-3:3] for own in positions])
        others = inside[self._signals.start_nats[codons_at(bases)[inside]] > -np.inf]
        step = 1 + len(others) // _MOST_OTHERS
        for kept, sites in ((self._own, first), (self._others, others[::step])):
            kept.append(windows(bases, sites, -_BEFORE, _BEFORE + _AFTER))

    def sites(self, *, is_scanned: bool) -> StartSites:
        """What has been seen, as log-odds; ``is_scanned`` where ribosomes bind nothing before the start."""
        own, others = np.concatenate(self._own), np.concatenate(self._others)
        codon_nats = self._codon_nats(own, others)
        if is_scanned:
            spans = ((-_SCANNED_BP, 0), (3, _AFTER))
            return StartSites(codon_nats, None, tuple(_weights(own, others, *span) for span in spans))
        before = slice(0, _BEFORE - _LEAST_SPACING)
        motif = find_motif(own[:, before], others[:, before], _MOTIF_BP, _LEAST_SPACING)
        return StartSites(codon_nats, motif, ())

    def _codon_nats(self, own: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.float64]:
        nats = np.full(UNKNOWN_CODON + 1, -np.inf)
        possible = np.flatnonzero(self._signals.start_nats > -np.inf)
        shares = [_codon_counts(letters)[possible] + _PSEUDO for letters in (own, others)]
        nats[possible] = np.log(shares[0] / shares[0].sum()) - np.log(shares[1] / shares[1].sum())
        return nats


def _weights(own: NDArray[np.uint8], others: NDArray[np.uint8], first: int, end: int) -> PositionWeights:
    columns = slice(_BEFORE + first, _BEFORE + end)
    return position_weights(own[:, columns], others[:, columns], first)


def _codon_counts(letters: NDArray[np.uint8]) -> NDArray[np.int64]:
    codons = letters[:, _BEFORE : _BEFORE + 3]
    known = codons[(codons < N_CODE).all(axis=1)].astype(np.int64)
    return np.bincount(codon_numbers(known), minlength=UNKNOWN_CODON + 1)
