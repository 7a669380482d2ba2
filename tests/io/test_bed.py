import pytest

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval, Strand
from dna_mamba.io.bed import read_bed
from tests.io.packing import PACKINGS

TEXT = (
    b"# a comment\nbrowser position chr1:1-5\ntrack name=x\n"
    b"chr1\t0\t10\nchr2\t5\t5\tgene 1\t0\t-\textra\r\n\nchrX 7 3000000000 name 9.5 +\ntrack1\t1\t2\t\t.\t."
)


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
def test_reads_intervals_as_they_stand(tmp_path, pack):
    path = tmp_path / "regions.bed"
    path.write_bytes(pack(TEXT))
    assert list(read_bed(path)) == [
        Interval("chr1", 0, 10),
        Interval("chr2", 5, 5, "gene 1", Strand.REVERSE),
        Interval("chrX", 7, 3_000_000_000, "name", Strand.FORWARD),
        Interval("track1", 1, 2),
    ]


def test_further_columns_may_hold_anything_where_they_are_not_used(give_stdin):
    give_stdin(b"chrI\t899\t901\tx\t0\tprotein_coding\nchrI\t5\t7\tcaf\xe9\t.\n")
    assert list(read_bed("-", stranded=False)) == [Interval("chrI", 899, 901), Interval("chrI", 5, 7)]


def test_names_keep_their_bytes(give_stdin):
    give_stdin(b"\xef\xbb\xbfcaf\xe9\t5\t7\n")
    assert list(read_bed("-")) == [Interval("caf\udce9", 5, 7)]


def test_an_empty_file_has_no_intervals(give_stdin):
    give_stdin(b"")
    assert list(read_bed("-")) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"chr1\t5", "2 columns"),
        (b"chr1:5-10", "1 columns"),
        (b"\t5\t10", "3 columns"),
        (b"chr1\t5\tten", "'ten' is not a position"),
        (b"chr1\t-5\t10", "'-5' is not a position"),
        (b"chr1\t1,000\t2,000", "'1,000' is not a position"),
        (b"chr1\t5.0\t10", "'5.0' is not a position"),
        (b"chr1\t5\t" + b"9" * 30, "is not a position"),
        (b"chr1\t10\t5", "start 10 is past end 5"),
        (b"chr1\t5\t10\tx\t0\tforward", "strand 'forward'"),
        (b"\x00\x01\x02\xff", "1 columns"),
        (b"chr1\t5\t10\rchr1\t20\t30\r", "bare carriage return"),
    ],
)
def test_malformed_lines_are_named(tmp_path, line, message):
    path = tmp_path / "regions.bed"
    path.write_bytes(b"chr1\t1\t2\n" + line + b"\n")
    with pytest.raises(InputError) as caught:
        list(read_bed(path))
    assert f"{path}:2: " in str(caught.value) and message in str(caught.value)
