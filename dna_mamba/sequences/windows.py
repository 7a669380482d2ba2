"""The stretch of reference around a site that the model reads."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, SOFT_MASK
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader

DEFAULT_CONTEXT_BP = 256
"""As good as 512 for the packaged model, at half the cost (docs/decisions/0007)."""
MAX_UNKNOWN_SHARE = 0.1
"""Share of N and ambiguity codes above which a window is flagged."""


class SiteWindow(NamedTuple):
    """Base codes (L,) uint8 of a window of one contig, the offset of its site, and whether the contig cut it short."""

    codes: NDArray[np.uint8]
    offset: int
    is_cut: bool

    @property
    def site_code(self) -> int:
        """Code of the reference base at the site, soft-mask bit removed: A 0, C 1, G 2, T 3, other 4."""
        return int(self.codes[self.offset]) & ~SOFT_MASK

    @property
    def unknown_share(self) -> float:
        """Share of the window that is neither A, C, G nor T."""
        return float(np.mean(self.codes & N_CODE != 0))


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


def site_window(reference: FastaReader, chrom: str, position: int, context_bp: int) -> SiteWindow:
    """The window around a 0-based position; at a contig's ends it is shorter, not filled up.

    Raises:
        InputError: no such contig or position.
    """
    flank, length = flank_bp(context_bp), reference.length(chrom)
    start, end = max(position - flank, 0), min(position + flank + 1, length)
    is_cut = end - start < 2 * flank + 1
    return SiteWindow(reference.codes(chrom, start, end), position - start, is_cut)
