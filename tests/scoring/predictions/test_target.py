"""Formats by suffix, and what a head cannot be written as."""

import pytest

from dna_mamba.errors import InputError
from dna_mamba.scoring.predictions.target import PredictionTarget, open_lines
from tests.scoring.predictions.worlds import CLASSES, GENES, TRACKS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.tsv", "tsv"),
        ("a.TSV.gz", "tsv"),
        ("a.bed.gz", "bed"),
        ("a.bw", "bigwig"),
        ("a.bedGraph.gz", "bedgraph"),
        ("a.gff", "gff3"),
        ("a.parquet", "parquet"),
        ("-", "tsv"),
    ],
)
def test_the_suffix_tells(name, expected):
    assert PredictionTarget(name).format == expected
    assert PredictionTarget(name, "bed").format == "bed"


@pytest.mark.parametrize(
    ("target", "head", "said"),
    [
        (PredictionTarget("a.xls"), CLASSES, "suffix names no format"),
        (PredictionTarget("a.bw"), CLASSES, "one answer a sequence"),
        (PredictionTarget("a.gff3"), CLASSES, "one answer a sequence"),
        (PredictionTarget("a.bed"), TRACKS, "BED holds classes"),
        (PredictionTarget("-", "parquet"), CLASSES, "standard output"),
        (PredictionTarget("http://a/b.tsv"), CLASSES, "is a URL"),
    ],
)
def test_what_cannot_be_written_is_refused(target, head, said):
    with pytest.raises(InputError, match=said):
        target.check(head)
    PredictionTarget("a.bed").check(GENES)


def test_lines_are_whole_or_not_there(tmp_path):
    target = PredictionTarget(tmp_path / "a.tsv")
    with pytest.raises(RuntimeError), open_lines(target, ["id\tx"], integers=(), floats=("x",)) as write:
        write("a\t1")
        raise RuntimeError
    assert not list(tmp_path.iterdir())
