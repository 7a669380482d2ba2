"""Codons: what they mean in a genetic code, which of them begin genes, and where they stand in a sequence."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import BASES, N_CODE, Codes
from dna_mamba.errors import InputError
from dna_mamba.io.gff.rows import CodingSequence

STOP = "*"
PROKARYOTIC_CODES = frozenset({4, 11, 25})
_BACTERIAL_STARTS = {"ATG": 0.79, "GTG": 0.16, "TTG": 0.05}
"""Shares of start codons in bacteria: Villegas & Kropinski 2008, Microbiology 154:2559 (81, 14 and 4 % in E. coli)."""
UNKNOWN_CODON = 64


def amino_acids(table: int) -> NDArray[np.str_]:
    """One letter a codon, ``*`` for stops, (64,): codon 16 a + 4 b + c. ``table`` is NCBI's number of the code.

    Raises:
        InputError: there is no such code.
    """
    from Bio.Data import CodonTable

    try:
        code = CodonTable.unambiguous_dna_by_id[table]
    except KeyError:
        raise InputError(f"no genetic code {table}", remedy="give a number of NCBI's list, 1 the standard") from None
    codons = [a + b + c for a in BASES for b in BASES for c in BASES]
    return np.array([code.forward_table.get(codon, STOP) for codon in codons])


def read_codons(sequence: CodingSequence, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bases of the codons (K, 3) on the gene's strand, 4 where unknown; ``codes`` (L,) are those of its contig."""
    bases = codes[sequence.positions]
    if sequence.strand == "-":
        bases = np.where(bases < 4, 3 - bases, bases)
    return bases.reshape(-1, 3)


def codon_numbers(codons_K3: NDArray[np.int64]) -> NDArray[np.int64]:
    """16 a + 4 b + c, (K,)."""
    numbers: NDArray[np.int64] = codons_K3 @ np.array([16, 4, 1])
    return numbers


def has_early_stop(codons_K3: NDArray[np.int64], acids: NDArray[np.str_]) -> bool:
    """Whether a codon other than the last is a stop: another code, a readthrough, or no gene."""
    known_K3 = codons_K3[:-1][(codons_K3[:-1] < 4).all(1)]
    return bool((acids[codon_numbers(known_K3)] == STOP).any())


class CodonSignals(NamedTuple):
    """Codons that end a gene and that begin one, (65,) each, the last for codons with unknown letters.

    ``is_stop`` bool; ``start_nats`` the log of a start codon's share of starts, -inf for codons that begin no gene.
    """

    is_stop: NDArray[np.bool_]
    start_nats: NDArray[np.float64]


@lru_cache
def codon_signals(table: int) -> CodonSignals:
    """ATG, GTG and TTG begin genes in the codes of bacteria, ATG alone in others.

    Raises:
        InputError: there is no such code.
    """
    is_stop = np.append(amino_acids(table) == STOP, False)
    start_nats = np.full(UNKNOWN_CODON + 1, -np.inf)
    for codon, share in (_BACTERIAL_STARTS if table in PROKARYOTIC_CODES else {"ATG": 1.0}).items():
        a, b, c = (BASES.index(letter) for letter in codon)
        start_nats[16 * a + 4 * b + c] = np.log(share)
    return CodonSignals(is_stop, start_nats)


def codons_at(bases: Codes) -> NDArray[np.uint8]:
    """The codon that begins at each base, (L,): 16 a + 4 b + c, ``UNKNOWN_CODON`` at an unknown letter or the end."""
    codons = np.full(len(bases), UNKNOWN_CODON, dtype=np.uint8)
    if len(bases) >= 3:
        first, second, third = bases[:-2], bases[1:-1], bases[2:]
        known = (first < N_CODE) & (second < N_CODE) & (third < N_CODE)
        codons[:-2] = np.where(known, 16 * first + 4 * second + third, UNKNOWN_CODON)
    return codons
