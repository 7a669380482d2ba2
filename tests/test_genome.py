import pickle

import pytest

from dna_mamba.genome import Interval, Strand, Variant


def test_interval_is_half_open_and_speaks_one_based():
    interval = Interval("chr1", 9, 20)
    assert len(interval) == 11
    assert str(interval) == "chr1:10-20"
    assert pickle.loads(pickle.dumps(interval)) == interval
    assert Strand("-") is Strand.REVERSE


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (6, 5)])
def test_interval_runs_upwards_from_zero(start, end):
    with pytest.raises(ValueError, match="is not 0 <= start <= end"):
        Interval("chr1", start, end)


def test_variant_keeps_the_position_of_the_file():
    deletion = Variant("chr1", 10, "ACG", "A")
    assert (deletion.pos, deletion.start, deletion.end) == (10, 9, 12)
    telomere = Variant("chr1", 0, "N", "A")
    assert telomere.start == -1


@pytest.mark.parametrize(
    ("ref", "alt", "expected"),
    [("A", "C", True), ("a", "c", True), ("A", "a", False), ("A", "N", False), ("A", "AC", False), ("AC", "GT", False),
     ("A", "*", False), ("A", "", False), ("R", "A", False)],
)  # fmt: skip
def test_snv(ref, alt, expected):
    assert Variant("1", 1, ref, alt).is_snv is expected
