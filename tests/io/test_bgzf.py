import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.errors import InputError
from dna_mamba.io.bgzf import BgzfWriter, read_blocks
from tests.io.packing import BGZF_END, bgzf, written_bgzf


def unpack(packed: bytes) -> bytes:
    return b"".join(block.data for block in read_blocks(io.BytesIO(packed), "x.gz"))


@given(st.binary(max_size=300), st.integers(1, 50))
def test_reads_blocks_of_any_size(data, block_bytes):
    assert unpack(bgzf(data, block_bytes)) == data


@pytest.mark.parametrize("n_bytes", [0, 1, 0xFF00 - 1, 0xFF00, 0xFF00 + 1, 200_000])
def test_written_files_are_gzip_and_end_in_the_marker(n_bytes, rng):
    data = rng.bytes(n_bytes)  # does not shrink: the longest block there can be
    packed = written_bgzf(data)
    assert gzip.decompress(packed) == data == unpack(packed)
    assert packed.endswith(BGZF_END)


def test_pieces_written_do_not_matter(rng):
    data = rng.integers(65, 69, 150_000, dtype="uint8").tobytes()
    file = io.BytesIO()
    writer = BgzfWriter(file)
    for start in range(0, len(data), 777):
        writer.write(data[start : start + 777])
    writer.finish()
    assert file.getvalue() == written_bgzf(data)


def test_unfinished_output_is_refused(rng):
    file = io.BytesIO()
    BgzfWriter(file).write(rng.bytes(100_000))
    with pytest.raises(InputError, match="end marker missing at offset"):
        unpack(file.getvalue())


def test_every_cut_is_found():
    """Also one at a block edge, and one that takes nothing but the end marker."""
    packed = bgzf(b">a\nACGTACGT\n>b\nGGGG\n", 7)
    for end in range(len(packed)):
        with pytest.raises(InputError, match="offset"):
            unpack(packed[:end])


def test_every_flipped_bit_is_found_or_harmless():
    data = b">a\nACGTACGTTTTTAAAGC\n"
    packed = bgzf(data, 11)
    for position in range(len(packed)):
        for bit in range(8):
            damaged = bytearray(packed)
            damaged[position] ^= 1 << bit
            try:
                assert unpack(bytes(damaged)) == data
            except InputError as error:
                assert "x.gz: " in str(error)


def test_stated_length_is_not_believed():
    """A block that states 4 GiB must not make room for them."""
    packed = bytearray(bgzf(b"ACGT"))
    packed[-len(BGZF_END) - 4 : -len(BGZF_END)] = b"\xff\xff\xff\xff"
    with pytest.raises(InputError, match="checksum"):
        unpack(bytes(packed))


def test_concatenated_files_read_as_one():
    assert unpack(bgzf(b"AC") + bgzf(b"GT")) == b"ACGT"
