"""Splits by contig, and what they refuse."""

from pathlib import Path

import numpy as np
import pytest

from dna_mamba.data.store import load_genomes, split_by_contig
from dna_mamba.errors import InputError

GENOME = {name: np.zeros(10, dtype=np.uint8) for name in ("chr1", "chr2", "chr3", "chrM")}


def test_every_contig_has_one_use() -> None:
    split = split_by_contig(GENOME, validation=["chr2"], test=["chr[3]"], exclude=["chrM"])
    assert [list(split.train), list(split.validation), list(split.test)] == [["chr1"], ["chr2"], ["chr3"]]
    assert split.excluded == ("chrM",)


@pytest.mark.parametrize(
    ("validation", "test", "message"),
    [(["chrX"], [], "no contig matches 'chrX'"), (["chr1"], ["chr1"], "both"), (["chr*"], [], "no contig is left")],
)
def test_impossible_splits_are_refused(validation: list[str], test: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_by_contig(GENOME, validation=validation, test=test, exclude=[])


def test_two_genomes_with_one_contig_name_are_refused(tmp_path: Path) -> None:
    for name in ("a.fa", "b.fa"):
        (tmp_path / name).write_text(">chr1\nACGTac\n")
    assert load_genomes([tmp_path / "a.fa"])["chr1"].tolist() == [0, 1, 2, 3, 8, 9]
    with pytest.raises(InputError, match="appears twice"):
        load_genomes([tmp_path / "a.fa", tmp_path / "b.fa"])
