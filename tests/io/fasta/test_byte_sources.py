import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.errors import InputError
from dna_mamba.io.bgzf import read_blocks
from dna_mamba.io.fasta.byte_sources import BgzfSource, FileIdentity, MemorySource, PlainSource, refuse_change
from tests.io.packing import bgzf

TEXT = bytes(range(256)) * 3


def opened(path) -> tuple[int, str, FileIdentity]:
    fd = os.open(path, os.O_RDONLY)
    return fd, str(path), FileIdentity.of(fd)


def bgzf_source(path) -> BgzfSource:
    with open(path, "rb") as raw:
        blocks = [block for block in read_blocks(raw, str(path)) if block.data]
    starts = np.cumsum([0, *(len(block.data) for block in blocks[:-1])])
    fd, place, identity = opened(path)
    return BgzfSource(fd, place, identity, starts, np.array([block.offset for block in blocks]))


@given(st.integers(0, len(TEXT)), st.integers(0, len(TEXT)), st.integers(1, 300))
def test_any_range_from_any_source(tmp_path_factory, start, end, block_bytes):
    start, end = sorted((start, end))
    directory = tmp_path_factory.mktemp("sources")
    (directory / "plain").write_bytes(TEXT)
    (directory / "bgzf").write_bytes(bgzf(TEXT, block_bytes))
    plain = PlainSource(*opened(directory / "plain"))
    for source in (plain, MemorySource(TEXT), bgzf_source(directory / "bgzf")):
        assert source.read(start, end) == TEXT[start:end]
        source.close()
        source.close()


def test_a_changed_file_is_refused(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(TEXT)
    fd, _, identity = opened(path)
    refuse_change(fd, identity, "x")
    source = PlainSource(fd, "x", identity)
    path.write_bytes(TEXT + b"more")
    with pytest.raises(InputError, match="x: changed while it was being read; run again"):
        source.read(0, 3)
    source.close()


def test_a_damaged_block_is_named(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(bgzf(TEXT, 100))
    source = bgzf_source(path)
    offset = int(source._block_offsets[3])
    source.close()
    packed = bytearray(path.read_bytes())
    packed[offset + 20] ^= 0xFF
    damaged = tmp_path / "damaged.gz"
    damaged.write_bytes(packed)
    fd, _, identity = opened(damaged)
    source = BgzfSource(fd, "damaged.gz", identity, source._block_starts, source._block_offsets)
    assert source.read(0, 300) == TEXT[:300]
    with pytest.raises(InputError, match=rf"damaged\.gz: corrupt BGZF block at offset {offset}"):
        source.read(300, 301)
    source.close()
