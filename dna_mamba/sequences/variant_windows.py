"""What an allele changes, however it is spelled, and the two sequences a model compares.

Equivalent spellings of an insertion or deletion differ only in where they put it inside a repeat. All of them are one
``Change``: the stretch that covers every placement, and what stands there afterwards (the fully justified form of SPDI,
Holmes et al. 2020). It is the same from either strand.
"""

from typing import NamedTuple

import numpy as np

from dna_mamba.alphabet import N_CODE, Codes
from dna_mamba.errors import InputError
from dna_mamba.sequences.cached_genome import CachedGenome


class Change(NamedTuple):
    """Reference bases ``[start, end)``, 0-based, replaced by ``alt``; ``ref`` is what stood there.

    Both are codes without soft-mask bits.
    """

    chrom: str
    start: int
    end: int
    ref: Codes
    alt: Codes

    @property
    def longest(self) -> int:
        """Base pairs of the longer allele."""
        return max(len(self.ref), len(self.alt))


class AlleleWindows(NamedTuple):
    """The window around a change with either allele: ``left + ref + right`` and ``left + alt + right``."""

    left: Codes
    ref: Codes
    alt: Codes
    right: Codes
    is_cut: bool
    """Whether the contig's end cut the window short."""

    @property
    def ref_codes(self) -> Codes:
        return np.concatenate([self.left, self.ref, self.right])

    @property
    def alt_codes(self) -> Codes:
        return np.concatenate([self.left, self.alt, self.right])

    @property
    def is_substitution(self) -> bool:
        """One base for one other."""
        return len(self.ref) == len(self.alt) == 1

    @property
    def unknown_share(self) -> float:
        """Share of the reference window that is neither A, C, G nor T."""
        parts = (self.left, self.ref, self.right)
        n_unknown = sum(np.count_nonzero(part == N_CODE) for part in parts)
        return float(n_unknown / max(1, sum(map(len, parts))))


def max_allele_bp(context_bp: int) -> int:
    """The longest change that a window of ``context_bp`` takes: at least half of it is context.

    Raises:
        InputError: ``context_bp`` is below 1.
    """
    if context_bp < 1:
        raise InputError(f"context of {context_bp} bp", remedy="give at least 1")
    return max(1, context_bp // 2)


def find_change(genome: CachedGenome, chrom: str, start: int, ref: Codes, alt: Codes, reach_bp: int) -> Change:
    """The change that replacing ``ref`` at ``start`` by ``alt`` makes.

    Args:
        genome: the genome.
        chrom: the reference's name of the contig.
        start: 0-based offset of the first base of ``ref``.
        ref: codes of REF as the record spells them.
        alt: codes of ALT.
        reach_bp: how far to look for other placements on either side; a repeat that extends further makes the change
            longer than that, and so too long for a window that cannot hold it.
    """
    if np.array_equal(ref, alt):
        return Change(chrom, start, start + len(ref), ref, alt)  # nothing to trim to that both strands would agree on
    start, ref, alt = _trimmed(start, ref, alt)
    if len(ref) and len(alt):
        return Change(chrom, start, start + len(ref), ref, alt)
    unit = ref if len(ref) else alt
    end = start + len(ref)
    left = genome.bases(chrom, start - reach_bp, start)
    right = genome.bases(chrom, end, end + reach_bp)
    n_left = _periodic(left[::-1], unit[::-1])
    n_right = _periodic(right, unit)
    before, after = left[len(left) - n_left :], right[:n_right]
    whole = [np.concatenate([before, allele, after]) for allele in (ref, alt)]
    return Change(chrom, start - n_left, end + n_right, *whole)


def allele_windows(genome: CachedGenome, change: Change, context_bp: int, *, padded: bool = False) -> AlleleWindows:
    """Both windows of a change: flanks of equal length fill up ``context_bp`` and are shorter at a contig's ends.

    With both flanks equal, either strand sees the same windows. ``padded`` ones have N beyond the ends, so that the
    change lies in the middle of every window: what a head for variants reads.
    """
    flank = (context_bp - change.longest) // 2
    left = genome.bases(change.chrom, change.start - flank, change.start)
    right = genome.bases(change.chrom, change.end, change.end + flank)
    is_cut = min(len(left), len(right)) < flank
    if padded:
        left = np.concatenate([_unknown(flank - len(left)), left])
        right = np.concatenate([right, _unknown(flank - len(right))])
    return AlleleWindows(left, change.ref, change.alt, right, is_cut)


def _unknown(n_bp: int) -> Codes:
    return np.full(n_bp, N_CODE, dtype=np.uint8)


def _trimmed(start: int, ref: Codes, alt: Codes) -> tuple[int, Codes, Codes]:
    """Without the bases that both alleles begin and then end with."""
    if len(ref) == len(alt) == 1 and ref[0] != alt[0]:  # most variants
        return start, ref, alt
    prefix = _common(ref, alt)
    ref, alt = ref[prefix:], alt[prefix:]
    suffix = _common(ref[::-1], alt[::-1])
    return start + prefix, ref[: len(ref) - suffix], alt[: len(alt) - suffix]


def _common(a: Codes, b: Codes) -> int:
    """Length of the common beginning."""
    shorter = min(len(a), len(b))
    different = np.flatnonzero(a[:shorter] != b[:shorter])
    return int(different[0]) if len(different) else shorter


def _periodic(codes: Codes, unit: Codes) -> int:
    """How many of the first codes keep repeating ``unit``: so far may the unit be moved over them."""
    return _common(codes, np.resize(unit, len(codes)))
