"""Single-base substitutions of coding sequences, and what each does to its codon."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import bases_of
from dna_mamba.annotation.codons import STOP, amino_acids, codon_numbers, has_early_stop, read_codons
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.gff.rows import CodingSequence, shared_positions

SYNONYMOUS, MISSENSE, NONSENSE = 0, 1, 2
CLASSES = ("synonymous", "missense", "nonsense")


class Substitutions(NamedTuple):
    """Columns of n substitutions. Bases are A 0, C 1, G 2, T 3 on the forward strand; ``sense_*`` on the gene's."""

    chrom: NDArray[np.str_]
    gene: NDArray[np.str_]
    position: NDArray[np.int64]
    ref: NDArray[np.int64]
    alt: NDArray[np.int64]
    sense_ref: NDArray[np.int64]
    sense_alt: NDArray[np.int64]
    codon: NDArray[np.int64]
    new_codon: NDArray[np.int64]
    codon_position: NDArray[np.int64]
    consequence: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> Self:
        """These rows."""
        return type(self)._make(column[rows] for column in self)

    @classmethod
    def join(cls, parts: Iterable[Self]) -> Self:
        """One below the other; there must be at least one."""
        return cls._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


def every_substitution(
    genome: FastaReader, sequences: Iterable[CodingSequence], chroms: Iterable[str], table: int = 1
) -> tuple[Substitutions, Counter[str]]:
    """All substitutions of the codons of these contigs, and how many genes were left out, by reason.

    Left out as well: first and stop codons, codons that are not all A, C, G, T, and bases in codons of two genes.

    Raises:
        InputError: an annotated position lies past its contig's end, or nothing remains.
    """
    acids = amino_acids(table)
    sequences = list(sequences)
    parts: list[Substitutions] = []
    left_out: Counter[str] = Counter()
    for chrom in chroms:
        codes = bases_of(genome.codes(chrom)).astype(np.int64)
        here = [sequence for sequence in sequences if sequence.chrom == chrom]
        for sequence in here:
            if sequence.positions.size and sequence.positions.max() >= len(codes):
                raise InputError(f"gene {sequence.gene!r} ends past contig {chrom!r}", remedy="take its own genome")
        shared = shared_positions(here, chrom, len(codes))
        for sequence in here:
            codons_K3 = read_codons(sequence, codes)
            if has_early_stop(codons_K3, acids):
                left_out["a stop codon before the last"] += 1
                continue
            parts.append(_of_gene(sequence, codons_K3, acids, shared))
    if not parts:
        raise InputError("no coding sequence on the held-out contigs", remedy="look at the contigs' names")
    return Substitutions.join(parts), left_out


def _of_gene(
    sequence: CodingSequence, codons_K3: NDArray[np.int64], acids: NDArray[np.str_], shared: NDArray[np.bool_]
) -> Substitutions:
    """Every third of ``alt`` for every base that can be asked for."""
    is_known = (codons_K3 < 4).all(1)
    number_K = np.where(is_known, codon_numbers(codons_K3), 0)
    is_asked = is_known & (acids[number_K] != STOP)
    is_asked[:1] = False
    positions_K3 = sequence.positions.reshape(-1, 3)
    k, place = np.nonzero(is_asked[:, None] & ~shared[positions_K3])
    k, place, alt = np.repeat(k, 3), np.repeat(place, 3), np.tile([1, 2, 3], len(k))
    sense_ref = codons_K3[k, place]
    sense_alt = (sense_ref + alt) % 4
    new_codon = number_K[k] + (sense_alt - sense_ref) * np.array([16, 4, 1])[place]
    same, stops = acids[new_codon] == acids[number_K[k]], acids[new_codon] == STOP
    is_reverse = sequence.strand == "-"
    return Substitutions(
        chrom=np.full(len(k), sequence.chrom),
        gene=np.full(len(k), sequence.gene),
        position=positions_K3[k, place],
        ref=3 - sense_ref if is_reverse else sense_ref,
        alt=3 - sense_alt if is_reverse else sense_alt,
        sense_ref=sense_ref,
        sense_alt=sense_alt,
        codon=number_K[k],
        new_codon=new_codon,
        codon_position=place.astype(np.int64),
        consequence=np.where(stops, NONSENSE, np.where(same, SYNONYMOUS, MISSENSE)),
    )


def sample(substitutions: Substitutions, per_class: int | None, seed: int) -> Substitutions:
    """At most so many of each class, drawn without replacement, in the order they came."""
    generator = np.random.default_rng(seed)
    rows = [np.nonzero(substitutions.consequence == kind)[0] for kind in range(len(CLASSES))]
    if per_class is not None:
        rows = [generator.choice(r, min(per_class, len(r)), replace=False) for r in rows]
    return substitutions.take(np.sort(np.concatenate(rows)))
