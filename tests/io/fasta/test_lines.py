import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.errors import InputError
from dna_mamba.io.fasta.lines import Header, Segment, gaps_of, letters_of, split_records
from tests.io.fasta_files import fasta_files


def split(text: bytes, piece_bytes: int) -> list[Header | Segment]:
    return list(split_records((text[i : i + piece_bytes] for i in range(0, len(text), piece_bytes)), "x.fa"))


@given(fasta_files(), st.integers(1, 50), st.booleans())
def test_parts_are_the_file_in_order_whatever_the_pieces(file, piece_bytes, has_mark):
    text = b"\xef\xbb\xbf" * has_mark + file.text
    parts = split(text, piece_bytes)
    headers = [part for part in parts if isinstance(part, Header)]
    assert [(header.name, header.description) for header in headers] == [record[:2] for record in file.records]
    for part in parts:
        if isinstance(part, Segment):
            assert text[part.offset : part.offset + len(part.text)] == part.text
        else:
            line = text[part.offset : part.offset + part.n_bytes]
            assert line.startswith(b">") and b"\n" not in line[:-1]
    covered = sum(part.n_bytes if isinstance(part, Header) else len(part.text) for part in parts)
    assert covered == len(text) - text.index(b">")


@given(st.text("ACGTN \t\r\n").map(str.encode))
def test_letters_and_gaps_share_out_the_bytes(text):
    is_gap = [byte in b" \t\r\n" for byte in text]
    assert letters_of(text) == bytes(byte for byte, gap in zip(text, is_gap, strict=True) if not gap)
    np.testing.assert_array_equal(gaps_of(text), np.flatnonzero(is_gap))


def test_a_header_line_of_more_than_a_mebibyte():
    with pytest.raises(InputError, match="header over 1048576 bytes at offset 8; shorten it"):
        split(b">a\nACGT\n>" + b"b" * (1 << 20) + b"\n", 1 << 16)


@pytest.mark.parametrize("piece_bytes", [1, 5, 100])
def test_where_bare_carriage_returns_are(piece_bytes):
    with pytest.raises(InputError, match=r"x\.fa: offset 7: bare carriage return"):
        split(b">a\nACGT\r>b\rGG\r", piece_bytes)
