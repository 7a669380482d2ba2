"""The stretch of reference around a site that the model reads."""

from typing import NamedTuple

from dna_mamba.alphabet import bases_of
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader

MAX_UNKNOWN_SHARE = 0.1
"""Share of N and ambiguity codes above which a window is flagged."""


class MaskedSite(NamedTuple):
    """A window and the offset that is masked in it; base codes without soft-mask bits, as bytes to be a key."""

    codes: bytes
    offset: int


def flank_bp(context_bp: int) -> int:
    """Bases on either side of the site in a window of at most ``context_bp``.

    The site lies exactly in the middle, so that both strands see the same window; a window of 256 bp or less has
    127 bases on each side.

    Raises:
        InputError: ``context_bp`` is below 1.
    """
    if context_bp < 1:
        raise InputError(f"context of {context_bp} bp", remedy="give at least 1")
    return (context_bp - 1) // 2


def site_window(reference: FastaReader, chrom: str, position: int, context_bp: int) -> MaskedSite:
    """The window around a 0-based position, which is masked; at a contig's ends it is shorter, not filled up.

    Raises:
        InputError: no such contig or position.
    """
    flank, length = flank_bp(context_bp), reference.length(chrom)
    start, end = max(position - flank, 0), min(position + flank + 1, length)
    return MaskedSite(bases_of(reference.codes(chrom, start, end)).tobytes(), position - start)
