"""Bytes packed in each way the readers accept."""

import gzip
import io
import struct
import zlib

from dna_mamba.io.bgzf import BgzfWriter

BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def bgzf(data: bytes, block_bytes: int = 0xFF00) -> bytes:
    """BGZF with blocks of any size, framed from the specification and not by the code under test."""
    blocks = [_block(data[i : i + block_bytes]) for i in range(0, len(data), block_bytes)]
    return b"".join(blocks) + BGZF_END


def _block(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    extra = b"BC" + struct.pack("<HH", 2, len(packed) + 25)
    header = b"\x1f\x8b\x08\x04" + struct.pack("<IBBH", 0, 0, 255, len(extra)) + extra
    return header + packed + struct.pack("<II", zlib.crc32(data), len(data))


def written_bgzf(data: bytes) -> bytes:
    """BGZF by the project's own writer."""
    file = io.BytesIO()
    writer = BgzfWriter(file)
    writer.write(data)
    writer.finish()
    return file.getvalue()


PACKINGS = {"plain": bytes, "gzip": gzip.compress, "bgzf": bgzf}
