import bz2
import gzip
import lzma
import zlib

import pytest

from dna_mamba.errors import InputError
from dna_mamba.io import compression
from dna_mamba.io.compression import open_input
from tests.io.packing import PACKINGS, bgzf

TEXT = b">a\n" + b"ACGTTGCAAC\n" * 50


def read(path) -> bytes:
    with open_input(path) as stream:
        return stream.read()


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
@pytest.mark.parametrize("data", [b"", b"A", TEXT])
def test_unpacks_by_content_whatever_the_suffix(tmp_path, pack, data):
    path = tmp_path / "file.txt"
    path.write_bytes(pack(data))
    assert read(path) == data


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
def test_standard_input(give_stdin, pack):
    give_stdin(pack(TEXT))
    assert read("-") == TEXT


def test_members_and_padding(tmp_path):
    path = tmp_path / "two.gz"
    path.write_bytes(gzip.compress(b"AC") + gzip.compress(b"") + bytes(600) + gzip.compress(b"GT") + bytes(3))
    assert read(path) == b"ACGT"


@pytest.mark.parametrize("first", [gzip.compress, bgzf], ids=["gzip", "bgzf"])
@pytest.mark.parametrize("second", [gzip.compress, bgzf], ids=["gzip", "bgzf"])
def test_packed_files_one_after_the_other(tmp_path, first, second):
    """As ``cat`` joins them, whatever packed each."""
    path = tmp_path / "two.gz"
    path.write_bytes(first(TEXT) + second(b"ACGT") + first(b"") + second(TEXT))
    assert read(path) == TEXT + b"ACGT" + TEXT


@pytest.mark.parametrize("pack", [gzip.compress, bgzf], ids=["gzip", "bgzf"])
def test_every_cut_of_bgzf_after_gzip_is_found(tmp_path, pack):
    """Between two blocks too, where zlib sees nothing missing; not at the end of the gzip member, which is whole."""
    start = pack(TEXT) + gzip.compress(TEXT)
    whole = start + bgzf(b">b\nACGTACGT\n", 4)
    path = tmp_path / "cut.gz"
    for end in range(len(start) + 1, len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(InputError, match=r"cut\.gz: .* at offset \d+"):
            read(path)


def test_every_cut_of_a_gzip_file_is_found(tmp_path):
    packed = gzip.compress(TEXT)
    path = tmp_path / "cut.gz"
    for end in range(2, len(packed)):
        path.write_bytes(packed[:end])
        with pytest.raises(InputError, match=f"{path}: truncated gzip data at offset {end}"):
            read(path)


def test_every_flipped_bit_of_a_gzip_file_is_found_or_harmless(tmp_path):
    packed = gzip.compress(b">a\nACGTACGTTTTTAAAGC\n", mtime=0)
    path = tmp_path / "flipped.gz"
    for position in range(2, len(packed)):
        for bit in range(8):
            damaged = bytearray(packed)
            damaged[position] ^= 1 << bit
            path.write_bytes(damaged)
            try:
                assert read(path) == b">a\nACGTACGTTTTTAAAGC\n"
            except InputError:
                continue


@pytest.mark.parametrize("pack", [gzip.compress, bgzf], ids=["gzip", "bgzf"])
def test_garbage_after_the_end_is_refused(tmp_path, pack):
    path = tmp_path / "tail.gz"
    path.write_bytes(pack(TEXT) + b"garbage and more garbage")
    with pytest.raises(InputError, match=r"tail\.gz: "):
        read(path)


def test_a_bomb_unpacks_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(compression, "CHUNK_BYTES", 1 << 12)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(1 << 20)))
    with compression.open_raw(path) as raw:
        sizes = [len(chunk) for chunk in compression.read_chunks(raw, "bomb")]
    assert sum(sizes) == 1 << 20
    assert max(sizes) <= 1 << 12


@pytest.mark.parametrize(
    ("data", "name"),
    [(bz2.compress(TEXT), "bzip2"), (lzma.compress(TEXT), "xz"), (b"PK\x03\x04" + TEXT, "zip")],
)
def test_other_compressions_are_named(tmp_path, data, name):
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(InputError, match=name):
        read(path)


def test_zlib_error_names_the_offset(tmp_path):
    path = tmp_path / "broken.gz"
    packed = bytearray(gzip.compress(TEXT))
    packed[-8:-4] = zlib.crc32(b"something else").to_bytes(4, "little")
    path.write_bytes(packed)
    with pytest.raises(InputError, match=r"broken.gz: corrupt gzip data at or after offset \d+"):
        read(path)


def test_what_cannot_be_opened(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "absent.fa")
    with pytest.raises(InputError, match="is a directory"):
        read(tmp_path)
