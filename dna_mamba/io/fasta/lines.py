"""FASTA cut into headers and sequence segments, the first step of streaming and of indexing."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.io.text_input import BYTE_ORDER_MARK, bare_carriage_return, refuse_utf_16

_MAX_HEADER_BYTES = 1 << 20
_START_BYTES = 16
_GAPS = (b"\n", b"\r", b" ", b"\t")
"""What may lie between the letters of a sequence without being one."""


class Header(NamedTuple):
    """A header line at ``offset`` of the unpacked file, and its length there with its line end."""

    name: str
    description: str
    offset: int
    n_bytes: int


class Segment(NamedTuple):
    """Sequence lines, or a part of them, at ``offset`` of the unpacked file; line ends and blanks are still in."""

    text: bytes
    offset: int


def _parse_header(line: bytes, offset: int, place: str) -> Header:
    """The name is the first word after the ``>``, blanks before it or not, as samtools and Biopython read it."""
    text = line[1:].strip()
    if b"\r" in text:
        raise _bare_carriage_return(offset, place)
    words = [word.decode("utf-8", errors="surrogateescape") for word in text.split(maxsplit=1)]
    if not words:
        raise InputError(f"header without a name at offset {offset}", place=place, remedy="write one after the '>'")
    return Header(words[0], words[1] if len(words) > 1 else "", offset, len(line))


def _bare_carriage_return(offset: int, place: str) -> InputError:
    return bare_carriage_return(f"{place}: offset {offset}")


def _refuse_start(head: bytes, place: str) -> None:
    """Why a file that does not begin with '>' is not read."""
    if head.startswith(b"@"):
        raise InputError("looks like FASTQ", place=place, remedy="convert the reads to FASTA")
    if head.startswith((b"BAM\1", b"CRAM", b"BCF")):
        raise InputError("is BAM, CRAM or BCF, not FASTA", place=place, remedy="give a FASTA file")
    if head.startswith((b"LOCUS", b"ID ")):
        raise InputError("looks like GenBank or EMBL", place=place, remedy="convert it to FASTA")
    raise InputError("no '>' header at the start", place=place, remedy="give a FASTA, GenBank or EMBL file")


class _RecordSplitter:
    """Headers and sequence segments out of chunks that end anywhere."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._offset = 0
        self._header = b""
        self._header_offset = 0
        self._last = b"\n"
        """The byte before the next one, a line feed at the start."""
        self._begun = False

    def feed(self, chunk: bytes) -> Iterator[Header | Segment]:
        position = 0 if self._begun else self._skip_blank_start(chunk)
        while position < len(chunk):
            if self._header or self._header_starts(chunk, position):
                end = chunk.find(b"\n", position) + 1 or len(chunk)
                yield from self._take_header(chunk[position:end])
            else:
                end = chunk.find(b">", position)
                end = len(chunk) if end < 0 else end
                yield Segment(chunk[position:end] if end - position < len(chunk) else chunk, self._offset + position)
                self._last = chunk[end - 1 : end]
            position = end
        self._offset += len(chunk)

    def _skip_blank_start(self, chunk: bytes) -> int:
        text = (chunk.removeprefix(BYTE_ORDER_MARK) if self._offset == 0 else chunk).lstrip()
        if not text:
            return len(chunk)
        refuse_utf_16(text[:4], self._place)
        if not text.startswith(b">"):
            _refuse_start(text, self._place)
        self._begun = True
        return len(chunk) - len(text)

    def _header_starts(self, chunk: bytes, position: int) -> bool:
        if chunk[position] != ord(">"):
            return False
        offset = self._offset + position
        if self._last == b"\r":
            raise _bare_carriage_return(offset - 1, self._place)
        if self._last != b"\n":
            what = f"'>' inside a sequence line at offset {offset}"
            raise InputError(what, place=self._place, remedy="a header starts a line of its own")
        self._header_offset = offset
        return True

    def _take_header(self, part: bytes) -> Iterator[Header]:
        self._header += part
        if len(self._header) > _MAX_HEADER_BYTES:
            if b"\r" in self._header.rstrip():
                raise _bare_carriage_return(self._header_offset, self._place)
            what = f"header over {_MAX_HEADER_BYTES} bytes at offset {self._header_offset}"
            raise InputError(what, place=self._place, remedy="shorten it")
        if part.endswith(b"\n"):
            yield from self.finish()

    def finish(self) -> Iterator[Header]:
        """The header that is complete, or that the file ends in."""
        if self._header:
            header = self._header
            self._header = b""
            self._last = b"\n"
            yield _parse_header(header, self._header_offset, self._place)


def split_records(chunks: Iterable[bytes], place: str) -> Iterator[Header | Segment]:
    """Headers and sequence segments in order of the file. Raises InputError for what is not FASTA."""
    splitter = _RecordSplitter(place)
    n_headers = 0
    for chunk in _whole_start(chunks):
        for part in splitter.feed(chunk):
            n_headers += isinstance(part, Header)
            yield part
    for part in splitter.finish():
        n_headers += 1
        yield part
    if not n_headers:
        raise InputError("is empty", place=place, remedy="give a FASTA file with at least one record")


def _whole_start(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, the first chunk long enough to tell what the file is."""
    rest = iter(chunks)
    start = b""
    while len(start) < _START_BYTES and (chunk := next(rest, b"")):
        start += chunk
    if start:
        yield start
    yield from rest


def letters_of(text: bytes) -> bytes:
    """Sequence letters of lines: line ends, blanks and tabs taken out."""
    for gap in _GAPS:
        if gap in text:
            text = text.replace(gap, b"")
    return text


def gaps_of(text: bytes) -> NDArray[np.intp]:
    """Offsets in ``text`` of the bytes that ``letters_of`` takes out, ascending."""
    values = np.frombuffer(text, dtype=np.uint8)
    is_gap = np.zeros(values.size, dtype=bool)
    for gap in _GAPS:
        if gap in text:
            is_gap |= values == ord(gap)
    return np.flatnonzero(is_gap)
