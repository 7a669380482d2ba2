"""Every base of the small genome is what its letters and rows make it."""

import numpy as np

from dna_mamba.annotation.codons import read_codons
from dna_mamba.evaluation.knowledge.kinds import EVERYTHING, KINDS, OTHER, REPEAT, paint
from dna_mamba.io.gff.rows import CodingSequence
from dna_mamba.io.gff.transcripts import MRNA, RRNA, Transcript
from tests.evaluation.knowledge.conftest import Planned
from tests.evaluation.knowledge.worlds import GAP_BP, GENE_BP, INTRON_BP


def test_kinds_of_the_small_genome(planned: Planned) -> None:
    painted = planned.plan.held.painted["chr1"]
    sizes = {name: int(painted.mask(name).sum()) for name in (*KINDS, EVERYTHING, REPEAT)}
    for place in (1, 2, 3):
        assert sizes[f"coding, codon position {place}"] == 12 * GENE_BP // 3
    assert (sizes["intron"], sizes["tRNA"], sizes[REPEAT]) == (12 * INTRON_BP, 40, GAP_BP)
    assert sizes["UTR"] == sizes["rRNA"] == 0 and sizes[EVERYTHING] == len(painted.kind)
    assert (painted.kind == OTHER).sum() == 12 * 3  # the three bases after each gene


def test_codon_positions_follow_the_strand(planned: Planned) -> None:
    painted, codes = planned.plan.held.painted["chr1"], planned.plan.held.codes["chr1"]
    for index, gene in enumerate(planned.plan.annotation.coding.sequences[:4]):
        first = gene.positions[:3]
        assert painted.kind[first].tolist() == [1, 2, 3] and set(painted.gene[first]) == {index}
        assert set(painted.strand[gene.positions]) == {1 if gene.strand == "+" else -1}
        assert read_codons(gene, codes.astype(np.int64) & 7)[0].tolist() == [0, 3, 2]


def test_what_wins_where_rows_overlap(planned: Planned) -> None:
    fitted = planned.plan.annotation
    two = [CodingSequence("a", "c", "+", np.arange(6)), CodingSequence("b", "c", "-", np.arange(8, 2, -1))]
    transcripts = [
        Transcript("m", "a", MRNA, "c", "+", 0, 20, ((0, 10), (15, 20)), ()),
        Transcript("r", "r", RRNA, "c", "+", 9, 13, ((9, 13),), ()),
    ]
    small = fitted._replace(
        transcripts=transcripts, repeats=[("c", 18, 20)], coding=fitted.coding._replace(sequences=two)
    )
    painted = paint("c", np.array([0] * 21 + [4] * 3, dtype=np.uint8), small)
    expected = [1, 2, 3, OTHER, OTHER, OTHER, 3, 2, 1] + [7] * 4 + [4] * 2 + [5] * 5 + [0] * 4
    expected[6:9] = [3, 2, 1]
    assert painted.kind.tolist() == expected
    assert painted.gene.tolist()[:9] == [0, 0, 0, -1, -1, -1, 1, 1, 1]
    assert np.flatnonzero(painted.mask(REPEAT)).tolist() == [18, 19]
    assert int(painted.mask("intergenic").sum()) == 1  # three more are N
