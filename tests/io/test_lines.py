import gzip
import os

import pytest

from dna_mamba.errors import InputError
from dna_mamba.io.lines import line_output
from tests.io.packing import BGZF_END

LINES = ["a\tb", "", "caf\udce9", "é"]
BYTES = b"a\tb\n\ncaf\xe9\n\xc3\xa9\n"


@pytest.mark.parametrize("name", ["x.tsv", "x.tsv.gz", "x.TSV.GZ"])
def test_lines_as_given_packed_by_the_suffix(tmp_path, name):
    with line_output(tmp_path / name) as write:
        write(LINES[:1])
        write(iter(LINES[1:]))
        write([])
        assert not (tmp_path / name).exists()
    data = (tmp_path / name).read_bytes()
    is_packed = name.lower().endswith(".gz")
    assert (gzip.decompress(data) if is_packed else data) == BYTES
    assert data.endswith(BGZF_END) == is_packed


def test_the_bytes_do_not_depend_on_how_lines_are_handed_over(tmp_path):
    lines = [f"line {number}" for number in range(20_000)]
    with line_output(tmp_path / "one.gz") as write:
        write(lines)
    with line_output(tmp_path / "many.gz") as write:
        for line in lines:
            write([line])
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "many.gz").read_bytes()


def test_standard_output(capfdbinary):
    with line_output("-") as write:
        write(LINES)
    assert capfdbinary.readouterr().out == BYTES


def test_nothing_is_left_of_what_failed(tmp_path):
    with pytest.raises(ZeroDivisionError), line_output(tmp_path / "x.tsv.gz") as write:
        write(LINES)
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


def test_an_existing_file_needs_force(tmp_path):
    (tmp_path / "x").write_bytes(b"old")
    with pytest.raises(InputError, match="exists already"), line_output(tmp_path / "x"):
        pass
    with line_output(tmp_path / "x", force=True) as write:
        write(["new"])
    assert (tmp_path / "x").read_bytes() == b"new\n"
