"""Stop codons that an annotation leaves outside the CDS, as GTF does."""

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes
from dna_mamba.annotation.codons import codon_signals


def with_stop_codon(positions: NDArray[np.int64], strand: str, bases: Codes, table: int) -> NDArray[np.int64]:
    """Positions of a coding sequence in reading order, with the stop codon that follows it if its last is none.

    Args:
        positions: of whole codons, (3 n,), 0-based.
        strand: ``+`` or ``-``.
        bases: of the contig, without soft-mask bits.
        table: NCBI's number of the genetic code.
    """
    if len(positions) < 3 or _is_stop(positions[-3:], strand, bases, table):
        return positions
    step = 1 if strand == "+" else -1
    after = positions[-1] + step * np.arange(1, 4)
    if after.min() < 0 or after.max() >= len(bases) or not _is_stop(after, strand, bases, table):
        return positions
    return np.concatenate([positions, after])


def _is_stop(positions: NDArray[np.int64], strand: str, bases: Codes, table: int) -> bool:
    codon = bases[positions].astype(int)
    if (codon >= N_CODE).any():
        return False
    a, b, c = codon if strand == "+" else 3 - codon
    return bool(codon_signals(table).is_stop[16 * a + 4 * b + c])
