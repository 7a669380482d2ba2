import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval, Strand
from dna_mamba.io.regions import parse_region, place_region

LENGTHS = {"chr1": 5000, "HLA-A*01:01": 300, "a": 90, "a:5-10": 40, "b:c": 7, "MT": 16569, "7": 20}


@pytest.mark.parametrize(
    ("text", "chrom", "start", "end"),
    [
        ("chr1", "chr1", 0, 5000),
        ("chr1:1-5000", "chr1", 0, 5000),
        ("chr1:1,001-2,000", "chr1", 1000, 2000),
        ("chr1:7-7", "chr1", 6, 7),
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
        ("1:3-5", "chr1", 2, 5),
        ("{1}:3-5", "chr1", 2, 5),
        ("chr7", "7", 0, 20),
        ("MT:2-3", "MT", 1, 3),
    ],
)
def test_notation_of_samtools(text, chrom, start, end):
    assert parse_region(text, LENGTHS) == Interval(chrom, start, end)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chr2", "no contig 'chr2'; there is chr1, HLA-A*01:01, a, a:5-10, b:c, ..."),
        ("chrM:5-9", "no contig 'chrM'; there is MT"),
        ("chr2:1-5", "no contig 'chr2'"),
        ("", "no contig ''"),
        ("a:5-10", "is a contig and a place on 'a'; write {a:5-10} for the contig or {a}:5-10"),
        ("chr1:", "no numbers"),
        ("chr1:-", "no numbers"),
        ("chr1:x-y", "no numbers"),
        ("chr1:1-2-3", "no numbers"),
        ("chr1:1.5-3", "no numbers"),
        ("chr1:" + "9" * 5000, "no numbers"),
        (
            "chr1:1,000",
            "is one base to bcftools, and all from there on to samtools; write chr1:1,000-1,000 or chr1:1,000-",
        ),
        ("chr1:0-5", "does not run from 1"),
        ("chr1:6-5", "does not run from 1"),
        ("chr1:1-5001", "ends past chr1, which has 5000 bp; write chr1:1-"),
        ("chr1:5001-", "starts past chr1, which has 5000 bp"),
    ],
)
def test_what_is_no_region(text, message):
    with pytest.raises(InputError) as caught:
        parse_region(text, LENGTHS)
    assert message in str(caught.value)


@given(st.integers(0, 4999), st.integers(1, 5000))
def test_an_interval_reads_back_from_its_own_notation(start, size):
    interval = Interval("chr1", start, min(start + size, 5000))
    assert parse_region(str(interval), LENGTHS) == interval


def test_a_region_is_placed_under_the_name_of_the_genome():
    region = Interval("chr7", 4, 20, "exon", Strand.REVERSE)
    assert place_region(region, LENGTHS, "x.bed") == Interval("7", 4, 20, "exon", Strand.REVERSE)
    assert place_region(Interval("a", 0, 90), LENGTHS, "x.bed") == Interval("a", 0, 90)


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (Interval("chr7", 4, 21), "x.bed: region chr7:5-21 (1-based) ends past 7, which has 20 bp; cut it"),
        (Interval("chr2", 0, 5), "x.bed: region chr2:1-5 (1-based): no contig 'chr2'; there is chr1, "),
        (Interval("chrM", 0, 5), "no contig 'chrM'; there is MT"),
    ],
)
def test_what_is_no_place_on_the_genome(region, message):
    with pytest.raises(InputError) as caught:
        place_region(region, LENGTHS, "x.bed")
    assert message in str(caught.value)
