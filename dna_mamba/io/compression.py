"""Plain, gzip (RFC 1952) and BGZF bytes behind one reader that checks every checksum and refuses a file cut short."""

import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dna_mamba.errors import InputError
from dna_mamba.io.bgzf import COPY_AGAIN, GZIP_MAGIC, HEADER_BYTES, is_bgzf, read_blocks, read_up_to
from dna_mamba.io.paths import STDIO, check_local, display_name, input_error_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK_BYTES = 1 << 22
"""Most bytes of unpacked data held at a time, however well they are packed."""
_PACKED_BYTES = 1 << 18
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
    return (block.data for block in read_blocks(raw, place, head) if block.data)


def _gzip_chunks(raw: BinaryIO, place: str, head: bytes) -> Iterator[bytes]:
    """Members one after the other; zeros between and after them are padding."""
    packed, position = head, len(head)
    member = None
    while True:
        if not packed:
            packed = read_up_to(raw, _PACKED_BYTES, place)
            position += len(packed)
        if member is None:
            packed, at_end = packed.lstrip(b"\0"), not packed
            if at_end:
                return
            if not packed:
                continue
            member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        elif not packed:
            raise InputError(f"truncated gzip data at offset {position}", place=place, remedy=COPY_AGAIN)
        try:
            data = member.decompress(packed, CHUNK_BYTES)
        except zlib.error as error:
            what = f"corrupt gzip data at or after offset {position - len(packed)} ({error})"
            raise InputError(what, place=place, remedy=COPY_AGAIN) from None
        if data:
            yield data
        packed = member.unused_data if member.eof else member.unconsumed_tail
        member = None if member.eof else member


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


@contextmanager
def open_input(path: str | Path) -> Iterator[io.BufferedReader]:
    """The unpacked bytes of a plain, gzip or BGZF file, told apart by its first bytes; ``-`` is standard input.

    Raises:
        InputError: the file cannot be opened, or, while reading, is truncated or damaged; names the file and the
            compressed offset.
    """
    with open_raw(path) as raw:
        yield io.BufferedReader(_ChunkStream(read_chunks(raw, display_name(path))), 1 << 18)
