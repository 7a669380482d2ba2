"""Plain, gzip and BGZF bytes behind one reader that checks every checksum and refuses a file cut short.

gzip: RFC 1952. BGZF: SAMv1 specification, section 4.1; a whole BGZF file ends in an empty block, so one cut exactly
between two blocks, which zlib would accept, is found here too.
"""

import io
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from dna_mamba.errors import InputError
from dna_mamba.io.paths import STDIO, check_local, display_name, input_error_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK_BYTES = 1 << 22
"""Most bytes of unpacked data held at a time."""
_PACKED_BYTES = 1 << 18
HEAD_BYTES = 18
_GZIP_MAGIC = b"\x1f\x8b"
_HEADER = struct.Struct("<BBBBIBBH")
_TRAILER = struct.Struct("<II")
_FLAG_EXTRA = 4
_MAX_BLOCK_BYTES = 1 << 16
_COPY_AGAIN = "the file is incomplete or damaged: copy or download it again"
_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}


class Compression(StrEnum):
    """How the bytes of a file are packed."""

    PLAIN = "plain"
    GZIP = "gzip"
    BGZF = "bgzf"


class BgzfBlock(NamedTuple):
    """One BGZF block: where it starts in the file, how many bytes it takes there, and what it holds."""

    offset: int
    compressed_size: int
    data: bytes


@contextmanager
def open_raw(path: str | Path) -> Iterator[BinaryIO]:
    """The file as it lies, closed at the end; ``-`` is standard input. Raises InputError if it cannot be opened."""
    name = check_local(path)
    if name == STDIO:
        yield sys.stdin.buffer
        return
    try:
        raw = open(name, "rb")
    except OSError as error:
        raise input_error_of(error, path) from None
    with raw:
        yield raw


def sniff(head: bytes, place: str) -> Compression:
    """Kind of compression from the first 18 bytes or more. Raises InputError for compressions that are not read."""
    for magic, name in _OTHER_FORMATS.items():
        if head.startswith(magic):
            raise InputError(f"is {name}", place=place, remedy="unpack it, or pack it with gzip or bgzip")
    if not head.startswith(_GZIP_MAGIC):
        return Compression.PLAIN
    is_bgzf = len(head) >= 18 and head[3] & _FLAG_EXTRA and head[12:16] == b"BC\x02\x00"
    return Compression.BGZF if is_bgzf else Compression.GZIP


def read_bgzf_blocks(raw: BinaryIO, place: str, head: bytes = b"", offset: int = 0) -> Iterator[BgzfBlock]:
    """Every block of a BGZF file in order, checked against its CRC; ``head`` was read from ``raw`` already.

    Raises:
        InputError: a block that is cut, damaged or no BGZF block, and a file without the empty block at its end.
    """
    pending = head
    last_is_empty = False
    while True:
        header = pending + _read_up_to(raw, 18 - len(pending), place)
        if not header:
            break
        size = bgzf_block_size(header, offset, place)
        packed = header + _read_up_to(raw, size - len(header), place)
        data = inflate_block(packed, size, offset, place)
        yield BgzfBlock(offset, size, data)
        pending, offset, last_is_empty = b"", offset + size, not data
    if not last_is_empty:
        raise InputError(f"BGZF end marker missing at offset {offset}", place=place, remedy=_COPY_AGAIN)


def bgzf_block_size(header: bytes, offset: int, place: str) -> int:
    """Bytes the block takes in the file, from its first 18 bytes."""
    if len(header) < 18:
        raise InputError(f"truncated BGZF block at offset {offset}", place=place, remedy=_COPY_AGAIN)
    id1, id2, method, flags, _, _, _, extra_length = _HEADER.unpack_from(header)
    is_block = bytes((id1, id2)) == _GZIP_MAGIC and method == 8 and flags == _FLAG_EXTRA and extra_length == 6
    size = int.from_bytes(header[16:18], "little") + 1
    if not is_block or header[12:16] != b"BC\x02\x00" or size < 26:
        raise InputError(f"no BGZF block at offset {offset}", place=place, remedy=_COPY_AGAIN)
    return size


def inflate_block(packed: bytes, size: int, offset: int, place: str) -> bytes:
    """What a block of ``size`` bytes holds. Raises InputError if it is cut or fails its CRC."""
    if len(packed) < size:
        raise InputError(f"truncated BGZF block at offset {offset}", place=place, remedy=_COPY_AGAIN)
    crc, length = _TRAILER.unpack_from(packed, size - 8)
    try:
        data = zlib.decompress(packed[18 : size - 8], -zlib.MAX_WBITS, min(length, _MAX_BLOCK_BYTES) + 1)
    except zlib.error as error:
        raise InputError(f"corrupt BGZF block at offset {offset} ({error})", place=place, remedy=_COPY_AGAIN) from None
    if len(data) != length or length > _MAX_BLOCK_BYTES or zlib.crc32(data) != crc:
        raise InputError(f"corrupt BGZF block at offset {offset} (checksum)", place=place, remedy=_COPY_AGAIN)
    return data


def _read_up_to(raw: BinaryIO, size: int, place: str) -> bytes:
    """``size`` bytes, fewer only at the end of the file (a pipe may give less at a time)."""
    try:
        data = raw.read(size) or b""
        while 0 < len(data) < size and (more := raw.read(size - len(data))):
            data += more
    except OSError as error:
        raise input_error_of(error, place) from None
    return data


def _bgzf_chunks(raw: BinaryIO, place: str, head: bytes) -> Iterator[bytes]:
    for block in read_bgzf_blocks(raw, place, head):
        if block.data:
            yield block.data


def _gzip_chunks(raw: BinaryIO, place: str, head: bytes) -> Iterator[bytes]:
    """Members of a gzip file one after the other, at most ``CHUNK_BYTES`` at a time however well it is packed."""
    packed, position = head, len(head)
    member = None
    while True:
        if not packed:
            packed = _read_up_to(raw, _PACKED_BYTES, place)
            position += len(packed)
        if member is None:
            packed, at_end = packed.lstrip(b"\0"), not packed
            if at_end:
                return
            if not packed:
                continue
            member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        elif not packed:
            raise InputError(f"truncated gzip data at offset {position}", place=place, remedy=_COPY_AGAIN)
        try:
            data = member.decompress(packed, CHUNK_BYTES)
        except zlib.error as error:
            what = f"corrupt gzip data at or after offset {position - len(packed)} ({error})"
            raise InputError(what, place=place, remedy=_COPY_AGAIN) from None
        if data:
            yield data
        packed = member.unused_data if member.eof else member.unconsumed_tail
        member = None if member.eof else member


def _plain_chunks(raw: BinaryIO, place: str, head: bytes) -> Iterator[bytes]:
    chunk = head + _read_up_to(raw, CHUNK_BYTES - len(head), place)
    while chunk:
        yield chunk
        chunk = _read_up_to(raw, CHUNK_BYTES, place)


_CHUNKS = {Compression.PLAIN: _plain_chunks, Compression.GZIP: _gzip_chunks, Compression.BGZF: _bgzf_chunks}


def read_head(raw: BinaryIO, place: str) -> bytes:
    """The first bytes of a file, enough for ``sniff``."""
    return _read_up_to(raw, HEAD_BYTES, place)


def read_chunks(raw: BinaryIO, place: str) -> Iterator[bytes]:
    """The unpacked bytes of an open file in pieces of at most ``CHUNK_BYTES``, none of them empty."""
    head = read_head(raw, place)
    return _CHUNKS[sniff(head, place)](raw, place, head)


class _ChunkStream(io.RawIOBase):
    """An iterator of chunks as a raw stream, for ``io.BufferedReader``."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._pending = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if not self._pending:
            self._pending = memoryview(next(self._chunks, b""))
        target = memoryview(buffer)
        size = min(len(target), len(self._pending))
        target[:size] = self._pending[:size]
        self._pending = self._pending[size:]
        return size


@contextmanager
def open_input(path: str | Path) -> Iterator[io.BufferedReader]:
    """The unpacked bytes of a plain, gzip or BGZF file, told apart by its first bytes; ``-`` is standard input.

    Raises:
        InputError: the file cannot be opened, or, while reading, is truncated or damaged; names the file and the
            compressed offset.
    """
    with open_raw(path) as raw:
        yield io.BufferedReader(_ChunkStream(read_chunks(raw, display_name(path))), 1 << 18)
