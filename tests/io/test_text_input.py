import io

import pytest

from dna_mamba.errors import InputError
from dna_mamba.io.text_input import begin_text, open_text, refuse_utf_16
from tests.io.packing import PACKINGS

TEXT = "chrI\t1\nchrII\t2\n"


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order mark"])
def test_lines_begin_after_a_byte_order_mark(tmp_path, pack, mark):
    path = tmp_path / "x.txt"
    path.write_bytes(pack(mark + TEXT.encode()))
    with open_text(path) as stream:
        assert stream.read() == TEXT.encode()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named(tmp_path, encoding):
    path = tmp_path / "x.txt"
    path.write_bytes(TEXT.encode(encoding))
    with pytest.raises(InputError, match=r"x\.txt: is UTF-16 text; save it as UTF-8"), open_text(path):
        pass


@pytest.mark.parametrize("head", [b"", b"#", b"ACG", b"\0\0\0\0", b"BCF\2", b"caf\xe9", "café".encode(), b"a\0bc"])
def test_other_bytes_are_not_utf_16(head):
    refuse_utf_16(head, "x")


@pytest.mark.parametrize("n_lines", [2, 500_000])
def test_bare_carriage_returns_are_named_at_any_size(n_lines):
    with pytest.raises(InputError, match="x:1: bare carriage return; convert its line ends"):
        begin_text(io.BufferedReader(io.BytesIO(b"chrI\t1\r" * n_lines)), "x")


@pytest.mark.parametrize("text", [b"", b"one line", b"one line\r", b"a\r\nb\r\n", b"a\rb\n", b"\r\n"])
def test_other_line_ends_are_left_to_the_format(text):
    stream = io.BufferedReader(io.BytesIO(text))
    begin_text(stream, "x")
    assert stream.read() == text
