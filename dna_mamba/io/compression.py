"""Plain, gzip (RFC 1952) and BGZF bytes through one reader that checks every checksum and refuses a file cut short."""

import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dna_mamba.errors import InputError
from dna_mamba.io.bgzf import (
    COPY_AGAIN,
    GZIP_MAGIC,
    HEADER_BYTES,
    GzipMemberError,
    is_bgzf,
    missing_end,
    read_blocks,
    read_up_to,
)
from dna_mamba.io.paths import STDIO, check_local, display_name, input_error_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK_BYTES = 1 << 22
"""Most bytes of unpacked data held at a time, however well they are packed."""
_PACKED_BYTES = 1 << 18
_BUFFER_BYTES = 1 << 18
_OTHER_COMPRESSIONS = {
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


@contextmanager
def open_raw(path: str | Path) -> Iterator[BinaryIO]:
    """The file as it lies, closed at the end; ``-`` is standard input. Raises InputError if it cannot be opened."""
    name = check_local(path)
    if name == STDIO:
        if sys.stdin is None:
            raise InputError("standard input is closed", remedy="give a file, or pipe data in")
        yield sys.stdin.buffer
        return
    try:
        raw = open(name, "rb")  # noqa: SIM115 (the errors of opening alone are caught)
    except OSError as error:
        raise input_error_of(error, path) from None
    with raw:
        yield raw


def read_head(raw: BinaryIO, place: str) -> bytes:
    """The first bytes of a file, enough for ``sniff``."""
    return read_up_to(raw, HEADER_BYTES, place)


def sniff(head: bytes, place: str) -> Compression:
    """Kind of compression from ``read_head``. Raises InputError for compressions that are not read."""
    for magic, name in _OTHER_COMPRESSIONS.items():
        if head.startswith(magic):
            raise InputError(f"is {name}", place=place, remedy="unpack it, or pack it with gzip or bgzip")
    if not head.startswith(GZIP_MAGIC):
        return Compression.PLAIN
    return Compression.BGZF if is_bgzf(head) else Compression.GZIP


def _bgzf_chunks(raw: BinaryIO, place: str, head: bytes) -> Iterator[bytes]:
    try:
        yield from (block.data for block in read_blocks(raw, place, head) if block.data)
    except GzipMemberError as member:
        yield from _GzipMembers(raw, place, member.header, member.offset).chunks()


def _gzip_chunks(raw: BinaryIO, place: str, head: bytes) -> Iterator[bytes]:
    return _GzipMembers(raw, place, head, 0).chunks()


class _GzipMembers:
    """Gzip members one after the other, BGZF blocks among them; zeros between and after them are padding."""

    def __init__(self, raw: BinaryIO, place: str, head: bytes, offset: int) -> None:
        self._raw = raw
        self._place = place
        self._packed = head
        self._position = offset + len(head)
        """Where the next byte lies that was not read yet."""

    def chunks(self) -> Iterator[bytes]:
        lacks_end = False
        while self._find_member():
            is_block = is_bgzf(self._packed[:HEADER_BYTES])
            n_bytes = 0
            for data in self._member():
                n_bytes += len(data)
                yield data
            lacks_end = is_block and n_bytes > 0
        if lacks_end:
            raise missing_end(self._position, self._place)

    def _read(self) -> bool:
        more = read_up_to(self._raw, _PACKED_BYTES, self._place)
        self._packed += more
        self._position += len(more)
        return bool(more)

    def _find_member(self) -> bool:
        """Skip zeros to the next member and have its header at hand; False at the end of the file."""
        self._packed = self._packed.lstrip(b"\0")
        while len(self._packed) < HEADER_BYTES and self._read():
            self._packed = self._packed.lstrip(b"\0")
        return bool(self._packed)

    def _member(self) -> Iterator[bytes]:
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        while not member.eof:
            if not self._packed and not self._read():
                what = f"truncated gzip data at offset {self._position}"
                raise InputError(what, place=self._place, remedy=COPY_AGAIN)
            try:
                data = member.decompress(self._packed, CHUNK_BYTES)
            except zlib.error as error:
                what = f"corrupt gzip data at or after offset {self._position - len(self._packed)} ({error})"
                raise InputError(what, place=self._place, remedy=COPY_AGAIN) from None
            if data:
                yield data
            self._packed = member.unused_data if member.eof else member.unconsumed_tail


def _plain_chunks(raw: BinaryIO, place: str, head: bytes) -> Iterator[bytes]:
    chunk = head + read_up_to(raw, CHUNK_BYTES - len(head), place)
    while chunk:
        yield chunk
        chunk = read_up_to(raw, CHUNK_BYTES, place)


_CHUNKS = {Compression.PLAIN: _plain_chunks, Compression.GZIP: _gzip_chunks, Compression.BGZF: _bgzf_chunks}


def read_chunks(raw: BinaryIO, place: str) -> Iterator[bytes]:
    """The unpacked bytes of an open file in pieces of at most CHUNK_BYTES, none of them empty."""
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


def unpacked(raw: BinaryIO, place: str) -> io.BufferedReader:
    """The unpacked bytes of an open file as a stream; raises InputError as ``read_chunks``."""
    return io.BufferedReader(_ChunkStream(read_chunks(raw, place)), _BUFFER_BYTES)


@contextmanager
def open_input(path: str | Path) -> Iterator[io.BufferedReader]:
    """The unpacked bytes of a plain, gzip or BGZF file, told apart by its first bytes; ``-`` is standard input.

    Raises:
        InputError: the file cannot be opened, or, while reading, is truncated or damaged; names the file and the
            compressed offset.
    """
    with open_raw(path) as raw:
        yield unpacked(raw, display_name(path))
