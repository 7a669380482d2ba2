"""Genomes in memory."""

from pathlib import Path

import pytest

from dna_mamba.data.genomes import load_genomes
from dna_mamba.errors import InputError


def test_two_genomes_with_one_contig_name_are_refused(tmp_path: Path) -> None:
    for name in ("a.fa", "b.fa"):
        (tmp_path / name).write_text(">chr1\nACGTac\n")
    assert load_genomes([tmp_path / "a.fa"])["chr1"].tolist() == [0, 1, 2, 3, 8, 9]
    with pytest.raises(InputError, match="appears twice"):
        load_genomes([tmp_path / "a.fa", tmp_path / "b.fa"])
