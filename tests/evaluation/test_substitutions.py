"""What substitutions do to codons, against Biopython's translation; what is not asked; seeded samples."""

from pathlib import Path

import numpy as np
import pytest
from Bio.Seq import Seq

from dna_mamba.annotation.codons import amino_acids
from dna_mamba.errors import InputError
from dna_mamba.evaluation.substitutions import CLASSES, every_substitution, sample
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.gff.rows import read_coding
from tests.evaluation.genes import EXON_1, EXON_2, GENE, INTRON, LEFT, RIGHT, World, gff
from tests.worlds import write_fasta


def test_consequences_against_translation(world: World) -> None:
    """Every substitution is written into the genome, spliced and translated by Biopython."""
    read = read_coding(world.genes)
    spliced = EXON_1 + EXON_2
    before = str(Seq(spliced[:27]).translate())
    where = [*range(LEFT, LEFT + len(EXON_1)), *range(LEFT + len(EXON_1 + INTRON), LEFT + len(GENE))]
    with FastaReader(world.genome) as genome:
        rows, _ = every_substitution(genome, read.sequences, ["chr1"])
        mirror, _ = every_substitution(genome, read.sequences, ["chr2"])
    assert len(rows.position) == 8 * 3 * 3  # codons but the first, places, other bases
    for position, alt, got in zip(rows.position, rows.alt, rows.consequence, strict=True):
        at = where.index(position)
        after = str(Seq((spliced[:at] + "ACGT"[alt] + spliced[at + 1 :])[:27]).translate())
        expected = "synonymous" if after == before else "nonsense" if after.count("*") else "missense"
        assert CLASSES[got] == expected
    assert set(rows.consequence) == {0, 1, 2}
    last = LEFT + len(GENE) + RIGHT - 1
    np.testing.assert_array_equal(mirror.position, last - rows.position)
    np.testing.assert_array_equal(mirror.alt, 3 - rows.alt)
    for column in ("sense_ref", "sense_alt", "codon_position", "consequence", "codon", "new_codon"):
        np.testing.assert_array_equal(getattr(mirror, column), getattr(rows, column))


def test_what_is_not_asked(tmp_path: Path) -> None:
    """Codons of two genes, with N, stops and first codons; a gene with a stop inside is none."""
    sequence = "ATGAAACCCGGGNNNTTTTAA" + "ATGTAAAAA"
    path = write_fasta(tmp_path / "g.fa", {"c": sequence})
    (tmp_path / "g.gff").write_text(
        gff([("c", 0, 21, "+", 0, "a"), ("c", 6, 9, "+", 0, "b"), ("c", 21, 30, "+", 0, "early")])
    )
    read = read_coding(tmp_path / "g.gff")
    with FastaReader(path) as genome:
        rows, left_out = every_substitution(genome, read.sequences, ["c"])
        assert sorted(set(rows.position.tolist())) == [3, 4, 5, 9, 10, 11, 15, 16, 17]
        assert left_out == {"a stop codon before the last": 1}
        with pytest.raises(InputError, match="no coding sequence"):
            every_substitution(genome, read.sequences, [])
    with pytest.raises(InputError, match="no genetic code 99"):
        amino_acids(99)
    assert (amino_acids(2) == "*").sum() == 4  # vertebrate mitochondria: TAA TAG AGA AGG


def test_samples_are_seeded_and_balanced(world: World) -> None:
    read = read_coding(world.genes)
    with FastaReader(world.genome) as genome:
        every, _ = every_substitution(genome, read.sequences, ["chr1", "chr2"])
    one, again, other = (sample(every, 4, seed) for seed in (0, 0, 1))
    assert np.bincount(one.consequence).tolist() == [4, 4, 4]
    np.testing.assert_array_equal(one.position, again.position)
    assert one.position.tolist() != other.position.tolist()
    assert len(sample(every, None, 0).position) == len(every.position)


def test_a_gene_of_another_genome_is_named(tmp_path: Path) -> None:
    path = write_fasta(tmp_path / "g.fa", {"c": "ATGAAACCC"})
    (tmp_path / "g.gff").write_text(gff([("c", 0, 12, "+", 0, "a")]))
    with FastaReader(path) as genome, pytest.raises(InputError, match="gene 'a' ends past contig 'c'; take its own"):
        every_substitution(genome, read_coding(tmp_path / "g.gff").sequences, ["c"])
