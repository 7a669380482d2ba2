"""Bases that linear probes are asked about, what each is, and which genes they belong to."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.evaluation.knowledge.kinds import CODING_1, INTERGENIC, INTRON, PaintedContig
from dna_mamba.genome import Interval
from dna_mamba.io.gff.rows import CodingSequence

SPACING_BP = 16
"""Between bases of one window: nearer ones would say nearly the same."""


class ProbeSites(NamedTuple):
    """n bases, ``windows`` (w,) of contig, start and end, and for each base its window and offset.

    ``codon_position`` int64 (n,) 0, 1, 2, and -1 where not coding; ``strand`` 1, -1, and 0 where not coding; ``group``
    numbers stretches of the genome, all of a gene in that where it begins.
    """

    windows: list[tuple[str, int, int]]
    window: NDArray[np.int64]
    offset: NDArray[np.int64]
    codon_position: NDArray[np.int64]
    strand: NDArray[np.int64]
    group: NDArray[np.int64]


def choose_probe_sites(
    painted: Mapping[str, PaintedContig],
    genes: Sequence[CodingSequence],
    held_out: Sequence[Interval],
    *,
    n_sites: int,
    context_bp: int,
    group_bp: int,
    seed: int,
) -> ProbeSites:
    """About ``n_sites`` coding, intron and intergenic bases of random windows, half coding at most.

    Bases are taken from the middle half of windows of ``context_bp``, every sixteenth.
    """
    generator = np.random.default_rng(seed)
    windows = _windows(held_out, context_bp)
    groups = _Groups(genes, group_bp)
    wanted = {True: n_sites - n_sites // 2, False: n_sites // 2}
    rows: list[tuple[int, int, int, int, int]] = []
    kept: list[tuple[str, int, int]] = []
    for index in generator.permutation(len(windows)):
        chrom, start, end = windows[index]
        contig = painted[chrom]
        quarter = (end - start) // 4
        positions = np.arange(start + quarter + generator.integers(SPACING_BP), end - quarter, SPACING_BP)
        here: list[tuple[int, int, int, int, int]] = []
        for position in positions.tolist():
            kind, strand = int(contig.kind[position]), int(contig.strand[position])
            is_coding = strand != 0
            if contig.is_known[position] and wanted[is_coding] > 0 and (is_coding or kind in (INTERGENIC, INTRON)):
                wanted[is_coding] -= 1
                group = groups.of(chrom, position, int(contig.gene[position]))
                codon_position = kind - CODING_1 if is_coding else -1
                here.append((len(kept), position - start, codon_position, strand, group))
        if here:
            kept.append((chrom, start, end))
            rows += here
        if not any(wanted.values()):
            break
    columns = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    return ProbeSites(kept, *columns)


def _windows(held_out: Sequence[Interval], context_bp: int) -> list[tuple[str, int, int]]:
    """Windows whose middle halves lie side by side."""
    step = max(1, context_bp // 2)
    return [
        (place.chrom, start, min(start + context_bp, place.end))
        for place in held_out
        for start in range(place.start, max(place.start + 1, place.end - context_bp + 1), step)
    ]


class _Groups:
    """Numbers of stretches of ``group_bp``, by contig."""

    def __init__(self, genes: Sequence[CodingSequence], group_bp: int) -> None:
        self._starts = [int(gene.positions.min()) if len(gene.positions) else 0 for gene in genes]
        self._group_bp = group_bp
        self._numbers: dict[tuple[str, int], int] = {}

    def of(self, chrom: str, position: int, gene: int) -> int:
        """The group of a base of a gene (its index), or of none (-1)."""
        place = position if gene < 0 else self._starts[gene]
        return self._numbers.setdefault((chrom, place // self._group_bp), len(self._numbers))
