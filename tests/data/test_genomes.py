"""Genomes in memory, and parts of contigs."""

from pathlib import Path

import numpy as np
import pytest

from dna_mamba.data.genomes import ContigPart, genome_of, load_genomes, part_of, pieces_of, stem_of
from dna_mamba.errors import InputError


def test_two_genomes_with_one_contig_name_are_refused(tmp_path: Path) -> None:
    for name in ("a.fa", "b.fa"):
        (tmp_path / name).write_text(">chr1\nACGTac\n")
    assert load_genomes([tmp_path / "a.fa"])["chr1"].tolist() == [0, 1, 2, 3, 8, 9]
    with pytest.raises(InputError, match="appears twice"):
        load_genomes([tmp_path / "a.fa", tmp_path / "b.fa"])


def test_a_file_is_a_genome_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.v2.fa").write_text(">x\nAC\n")
    (tmp_path / "b.fasta").write_text(">y\nAC\n")
    loaded = load_genomes([tmp_path / "a.v2.fa", tmp_path / "b.fasta"])
    assert [genome_of(loaded, chrom) for chrom in loaded] == ["a.v2", "b"]
    assert genome_of({"x": np.zeros(3, dtype=np.uint8)}, "x") == ""


@pytest.mark.parametrize(
    ("name", "stem"),
    [("/x/a.fa", "a"), ("a.fna.gz", "a"), ("a.v1.fasta.bgz", "a.v1"), ("a", "a"), ("a.2bit", "a"), ("a.gz", "a")],
)
def test_stems(name: str, stem: str) -> None:
    assert stem_of(name) == stem


def test_parts_and_pieces() -> None:
    codes = np.arange(20, dtype=np.uint8)
    part = ContigPart(codes, 5, 15)
    assert len(part) == 10 and part[:].tolist() == list(range(5, 15))
    assert part[2:4].tolist() == [7, 8] and part[-2:].tolist() == [13, 14] and part[8:99].tolist() == [13, 14]
    assert part[6:2].tolist() == []
    assert [piece.tolist() for piece in pieces_of(part, 4)] == [[5, 6, 7, 8], [9, 10, 11, 12], [13, 14]]
    assert np.shares_memory(part_of(codes, 5, 15)[:], codes)
    with pytest.raises(ValueError, match="steps of 2"):
        part[::2]
