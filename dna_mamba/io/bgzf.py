"""BGZF: gzip in blocks of at most 64 KiB, readable from any block (SAMv1 specification, section 4.1).

A whole file ends in an empty block. A file cut exactly between two blocks, which zlib would accept, lacks it and is
refused; a writer that is given up never writes it.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from dna_mamba.errors import InputError
from dna_mamba.io.paths import input_error_of

GZIP_MAGIC = b"\x1f\x8b"
HEADER_BYTES = 18
COPY_AGAIN = "the file is incomplete or damaged: copy or download it again"
_BLOCK_START = b"\x1f\x8b\x08\x04"
_EXTRA_FIELD = b"\x06\x00BC\x02\x00"
_TRAILER = struct.Struct("<II")
_MAX_BLOCK_BYTES = 1 << 16
_BYTES_A_BLOCK = 0xFF00
"""Unpacked bytes the writer puts in a block; what does not shrink must still fit in 64 KiB (as in htslib)."""
_EMPTY_BLOCK = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class GzipMemberError(InputError):
    """Plain gzip follows BGZF blocks: the file unpacks, but only from its start on.

    Args:
        header: the first HEADER_BYTES bytes of the member, read already.
        offset: where it starts in the file.
        place: the file.
    """

    def __init__(self, header: bytes, offset: int, place: str) -> None:
        super().__init__(f"plain gzip after BGZF at offset {offset}", place=place, remedy="pack it anew with bgzip")
        self.header = header
        self.offset = offset


class BgzfBlock(NamedTuple):
    """One block: its offset in the file, and what it holds."""

    offset: int
    data: bytes


def is_bgzf(head: bytes) -> bool:
    """Whether the first HEADER_BYTES bytes of a file begin a BGZF block."""
    return len(head) >= HEADER_BYTES and head[:4] == _BLOCK_START and head[10:16] == _EXTRA_FIELD


def read_up_to(raw: BinaryIO, size: int, place: str) -> bytes:
    """``size`` bytes, fewer only at the end of the file (a pipe may give less at a time)."""
    try:
        data = raw.read(size) or b""
        while 0 < len(data) < size and (more := raw.read(size - len(data))):
            data += more
    except OSError as error:
        raise input_error_of(error, place) from None
    return data


def block_size(header: bytes, offset: int, place: str) -> int:
    """Bytes the block at ``offset`` takes in the file, from its first HEADER_BYTES bytes."""
    if len(header) < HEADER_BYTES:
        raise InputError(f"truncated BGZF block at offset {offset}", place=place, remedy=COPY_AGAIN)
    size = int.from_bytes(header[16:18], "little") + 1
    if not is_bgzf(header) or size < HEADER_BYTES + _TRAILER.size:
        raise InputError(f"no BGZF block at offset {offset}", place=place, remedy=COPY_AGAIN)
    return size


def inflate_block(packed: bytes, size: int, offset: int, place: str) -> bytes:
    """What the block of ``size`` bytes holds. Raises InputError if it is cut or fails its CRC."""
    if len(packed) < size:
        raise InputError(f"truncated BGZF block at offset {offset}", place=place, remedy=COPY_AGAIN)
    crc, length = _TRAILER.unpack_from(packed, size - _TRAILER.size)
    deflated = packed[HEADER_BYTES : size - _TRAILER.size]
    try:
        data = zlib.decompress(deflated, -zlib.MAX_WBITS, min(length, _MAX_BLOCK_BYTES) + 1)
    except zlib.error as error:
        what = f"corrupt BGZF block at offset {offset} ({error})"
        raise InputError(what, place=place, remedy=COPY_AGAIN) from None
    if len(data) != length or length > _MAX_BLOCK_BYTES or zlib.crc32(data) != crc:
        raise InputError(f"corrupt BGZF block at offset {offset} (checksum)", place=place, remedy=COPY_AGAIN)
    return data


def missing_end(offset: int, place: str) -> InputError:
    """The error for blocks that end without the empty one."""
    return InputError(f"BGZF end marker missing at offset {offset}", place=place, remedy=COPY_AGAIN)


def read_blocks(raw: BinaryIO, place: str, head: bytes = b"") -> Iterator[BgzfBlock]:
    """Every block in order, checked against its CRC; ``head``, the first bytes, was read from ``raw`` already.

    Raises:
        GzipMemberError: a gzip member that is not a block follows.
        InputError: a block that is cut, damaged or none, or no empty block at the end; names file and offset.
    """
    offset = 0
    last_is_empty = False
    while header := head + read_up_to(raw, HEADER_BYTES - len(head), place):
        head = b""
        if len(header) == HEADER_BYTES and header.startswith(GZIP_MAGIC) and not is_bgzf(header):
            raise GzipMemberError(header, offset, place)
        size = block_size(header, offset, place)
        packed = header + read_up_to(raw, size - len(header), place)
        data = inflate_block(packed, size, offset, place)
        yield BgzfBlock(offset, data)
        offset += size
        last_is_empty = not data
    if not last_is_empty:
        raise missing_end(offset, place)


class BgzfWriter:
    """Blocks into a binary file. Only ``finish`` writes the end marker, so an abandoned file stays recognisable."""

    def __init__(self, file: BinaryIO, *, level: int = 6) -> None:
        self._file = file
        self._level = level
        self._pending = bytearray()

    def write(self, data: bytes) -> None:
        self._pending += data
        while len(self._pending) >= _BYTES_A_BLOCK:
            self._file.write(self._block(bytes(self._pending[:_BYTES_A_BLOCK])))
            del self._pending[:_BYTES_A_BLOCK]

    def finish(self) -> None:
        """Write what is left and the end marker; the file stays open."""
        if self._pending:
            self._file.write(self._block(bytes(self._pending)))
            self._pending.clear()
        self._file.write(_EMPTY_BLOCK)

    def _block(self, data: bytes) -> bytes:
        packed = _deflate(data, self._level)
        if len(packed) + HEADER_BYTES + _TRAILER.size > _MAX_BLOCK_BYTES:
            packed = _deflate(data, 0)
        size = HEADER_BYTES + len(packed) + _TRAILER.size
        header = _EMPTY_BLOCK[:16] + (size - 1).to_bytes(2, "little")
        return header + packed + _TRAILER.pack(zlib.crc32(data), len(data))


def _deflate(data: bytes, level: int) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()
