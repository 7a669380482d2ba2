"""Bases around one place after the other, without a trip to the file for each, and of alleles."""

from functools import lru_cache

import numpy as np

from dna_mamba.alphabet import Codes, bases_of, encode_bases
from dna_mamba.io.fasta import FastaReader

_BLOCK_BP = 1 << 14
_HELD = 16
_SHORT = 8


class CachedGenome:
    """A genome read in blocks of 16,384 bp, the last few of which are held.

    Args:
        reference: the genome.
    """

    def __init__(self, reference: FastaReader) -> None:
        self._reference = reference
        self._lengths = {contig.chrom: contig.length for contig in reference.contigs}
        self._block = lru_cache(maxsize=_HELD)(self._read_block)

    def length(self, chrom: str) -> int:
        """Length of a contig in base pairs. Raises InputError if there is no such contig."""
        length = self._lengths.get(chrom)
        return self._reference.length(chrom) if length is None else length

    def bases(self, chrom: str, start: int, end: int) -> Codes:
        """Base codes without soft-mask bits of the part of ``[start, end)`` that the contig has, not to be written to.

        Raises:
            InputError: no such contig.
        """
        length = self.length(chrom)
        start, end = min(max(start, 0), length), min(max(end, 0), length)
        if start >= end:
            return np.empty(0, dtype=np.uint8)
        first, last = start // _BLOCK_BP, (end - 1) // _BLOCK_BP
        if last - first >= _HELD:
            return bases_of(self._reference.codes(chrom, start, end))
        blocks = [self._block(chrom, i) for i in range(first, last + 1)]
        joined = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
        return joined[start - first * _BLOCK_BP : end - first * _BLOCK_BP]

    def _read_block(self, chrom: str, i: int) -> Codes:
        end = min((i + 1) * _BLOCK_BP, self.length(chrom))
        block = bases_of(self._reference.codes(chrom, i * _BLOCK_BP, end))
        block.flags.writeable = False
        return block


def allele_bases(letters: str) -> Codes:
    """Base codes of an allele without soft-mask bits, not to be written to. Raises InputError for other letters."""
    return _short_bases(letters) if len(letters) <= _SHORT else bases_of(encode_bases(letters))


@lru_cache(1 << 12)
def _short_bases(letters: str) -> Codes:
    bases = bases_of(encode_bases(letters))
    bases.flags.writeable = False
    return bases
