import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.errors import InputError
from dna_mamba.genome import Contig, Interval
from dna_mamba.io.regions import parse_region

CONTIGS = [Contig("chr1", 5000), Contig("HLA-A*01:01", 300), Contig("a", 90), Contig("a:5-10", 40), Contig("b:c", 7)]


@pytest.mark.parametrize(
    ("text", "chrom", "start", "end"),
    [
        ("chr1", "chr1", 0, 5000),
        ("chr1:1-5000", "chr1", 0, 5000),
        ("chr1:1,001-2,000", "chr1", 1000, 2000),
        ("chr1:7-7", "chr1", 6, 7),
        ("chr1:4990", "chr1", 4989, 5000),
        ("chr1:4990-", "chr1", 4989, 5000),
        ("chr1:-10", "chr1", 0, 10),
        ("HLA-A*01:01", "HLA-A*01:01", 0, 300),
        ("HLA-A*01:01:5-6", "HLA-A*01:01", 4, 6),
        ("{a}:5-10", "a", 4, 10),
        ("{a:5-10}", "a:5-10", 0, 40),
        ("{a:5-10}:2-3", "a:5-10", 1, 3),
        ("a:5-10:2-3", "a:5-10", 1, 3),
        ("a:6-10", "a", 5, 10),
        ("b:c", "b:c", 0, 7),
    ],
)
def test_notation_of_samtools(text, chrom, start, end):
    assert parse_region(text, CONTIGS) == Interval(chrom, start, end)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chr2", "no contig 'chr2'; there are chr1"),
        ("chr2:1-5", "no contig 'chr2'"),
        ("", "no contig ''"),
        ("a:5-10", "is a contig and a place on 'a'; write {a:5-10} for the contig or {a}:5-10"),
        ("chr1:", "no numbers"),
        ("chr1:-", "no numbers"),
        ("chr1:x-y", "no numbers"),
        ("chr1:1-2-3", "no numbers"),
        ("chr1:1.5-3", "no numbers"),
        ("chr1:" + "9" * 5000, "no numbers"),
        ("chr1:0-5", "does not run from 1"),
        ("chr1:6-5", "does not run from 1"),
        ("chr1:1-5001", "ends behind chr1, which has 5000 bp; write chr1:1-"),
        ("chr1:5001-", "starts behind chr1, which has 5000 bp"),
    ],
)
def test_what_is_no_region(text, message):
    with pytest.raises(InputError) as caught:
        parse_region(text, CONTIGS)
    assert message in str(caught.value)


@given(st.integers(0, 4999), st.integers(1, 5000))
def test_an_interval_reads_back_from_its_own_notation(start, size):
    interval = Interval("chr1", start, min(start + size, 5000))
    assert parse_region(str(interval), CONTIGS) == interval
