"""Bases around one place after the other, without a trip to the file for each, and of alleles."""

from collections import OrderedDict
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import SOFT_MASK, encode_bases
from dna_mamba.io.fasta import FastaReader

_BLOCK_BP = 1 << 14
_HELD = 16
_SHORT = 8


class NearbyBases:
    """A genome read in blocks of 16,384 bp, the last few of which are held.

    Args:
        reference: the genome.
    """

    def __init__(self, reference: FastaReader) -> None:
        self._reference = reference
        self._lengths = {contig.chrom: contig.length for contig in reference.contigs}
        self._blocks: OrderedDict[tuple[str, int], NDArray[np.uint8]] = OrderedDict()

    def length(self, chrom: str) -> int:
        """Length of a contig in base pairs. Raises InputError if there is no such contig."""
        length = self._lengths.get(chrom)
        return self._reference.length(chrom) if length is None else length

    def codes(self, chrom: str, start: int, end: int) -> NDArray[np.uint8]:
        """Base codes without soft-mask bits of the part of ``[start, end)`` that the contig has, uint8."""
        length = self.length(chrom)
        start, end = min(max(start, 0), length), min(max(end, 0), length)
        if start >= end:
            return np.empty(0, dtype=np.uint8)
        first, last = start // _BLOCK_BP, (end - 1) // _BLOCK_BP
        if first == last:
            return self._block(chrom, first)[start - first * _BLOCK_BP : end - first * _BLOCK_BP]
        if last - first >= _HELD:
            return self._reference.codes(chrom, start, end) & ~np.uint8(SOFT_MASK)
        joined = np.concatenate([self._block(chrom, i) for i in range(first, last + 1)])
        return joined[start - first * _BLOCK_BP : end - first * _BLOCK_BP]

    def _block(self, chrom: str, i: int) -> NDArray[np.uint8]:
        key = (chrom, i)
        block = self._blocks.get(key)
        if block is None:
            end = min((i + 1) * _BLOCK_BP, self.length(chrom))
            block = self._reference.codes(chrom, i * _BLOCK_BP, end) & ~np.uint8(SOFT_MASK)
            block.flags.writeable = False
            self._blocks[key] = block
            if len(self._blocks) > _HELD:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(key)
        return block


Bases = FastaReader | NearbyBases
"""Where ``length`` and ``codes`` of a stretch of reference come from."""


def codes_of(letters: str) -> NDArray[np.uint8]:
    """Base codes of an allele without soft-mask bits, not to be written to. Raises InputError for other letters."""
    return _short_codes(letters) if len(letters) <= _SHORT else encode_bases(letters) & ~np.uint8(SOFT_MASK)


@lru_cache(1 << 12)
def _short_codes(letters: str) -> NDArray[np.uint8]:
    codes = encode_bases(letters) & ~np.uint8(SOFT_MASK)
    codes.flags.writeable = False
    return codes
