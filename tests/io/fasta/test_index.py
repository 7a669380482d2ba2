import hashlib
import io
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.errors import InputError
from dna_mamba.io.bgzf import read_blocks
from dna_mamba.io.fasta.index import FastaIndex, scan_bgzf, scan_stream
from dna_mamba.io.fasta.lines import letters_of
from tests.io.fasta_files import fasta_files, naive_records
from tests.io.packing import bgzf


def letters_before(text: bytes, at: int) -> int:
    """Sequence letters before a byte of the file, counted line by line."""
    lines = text[:at].decode("latin-1").split("\n")
    sequence = [line for line in lines if not line.startswith(">")]
    return len("".join("".join(sequence).split()))


def check(index: FastaIndex, text: bytes) -> None:
    assert index.n_bytes == len(text)
    expected = [letters_before(text, int(byte)) for byte in index.mark_bytes]
    np.testing.assert_array_equal(index.mark_letters, expected)
    records = naive_records(text)
    assert [(entry.chrom, entry.length) for entry in index.entries] == [(name, len(s)) for name, s in records]
    for entry, (_, sequence) in zip(index.entries, records, strict=True):
        assert entry.md5 == hashlib.md5(sequence.upper()).hexdigest()
        assert letters_of(text[entry.begin : entry.end]) == sequence
        for start in range(len(sequence)):
            first, last, skip = index.locate(entry, start, start + 1)
            assert letters_of(text[first:last])[skip : skip + 1] == sequence[start : start + 1]


@given(fasta_files(), st.integers(1, 60), st.integers(1, 40))
def test_marks_count_the_letters_before_them(file, piece_bytes, mark_bytes):
    with mock.patch("dna_mamba.io.fasta.index.MARK_BYTES", mark_bytes):
        pieces = (file.text[i : i + piece_bytes] for i in range(0, len(file.text), piece_bytes))
        index = scan_stream(pieces, "x.fa")
    assert index.mark_bytes.tolist() == list(range(0, len(file.text), mark_bytes))
    assert index.block_offsets.size == 0
    check(index, file.text)


@given(fasta_files(), st.integers(1, 60), st.integers(1, 5))
def test_blocks_are_the_marks_of_bgzf(file, block_bytes, blocks_a_chunk):
    packed = bgzf(file.text, block_bytes)
    with mock.patch("dna_mamba.io.fasta.index._BLOCKS_A_CHUNK", blocks_a_chunk):
        index = scan_bgzf(read_blocks(io.BytesIO(packed), "x.fa.gz"), "x.fa.gz")
    assert index.mark_bytes.tolist() == list(range(0, len(file.text), block_bytes))
    assert [packed[offset : offset + 4] for offset in index.block_offsets] == [b"\x1f\x8b\x08\x04"] * len(
        index.mark_bytes
    )
    check(index, file.text)


def test_two_records_of_one_name():
    with pytest.raises(InputError, match=r"x\.fa: two records are named 'a' \(the second at offset 8\); rename"):
        scan_stream([b">a\nACGT\n> a x\nGG\n"], "x.fa")
