"""FASTA cut into headers and sequence segments, the first step of streaming and of indexing."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dna_mamba.errors import InputError

_MAX_HEADER_BYTES = 1 << 20


class Header(NamedTuple):
    """A header line at ``offset`` of the unpacked file, and its length there with its line end."""

    name: str
    description: str
    offset: int
    n_bytes: int


class Segment(NamedTuple):
    """Sequence lines, or a part of them, at ``offset`` of the unpacked file; line ends are still in."""

    text: bytes
    offset: int


def _parse_header(line: bytes, offset: int, place: str) -> Header:
    words = line[1:].decode("utf-8", errors="replace").strip().split(maxsplit=1)
    if not words or line[1:2].isspace():
        what = f"header without a name at offset {offset}"
        raise InputError(what, place=place, remedy="write the name right behind the '>'")
    if b"\r" in line.rstrip(b"\r\n"):
        raise InputError(f"bare carriage return at offset {offset}", place=place, remedy="convert its line ends to LF")
    return Header(words[0], words[1] if len(words) > 1 else "", offset, len(line))


def _refuse_start(head: bytes, place: str) -> None:
    """Why a file that does not begin with '>' is not read."""
    if head.startswith(b"@"):
        raise InputError("looks like FASTQ", place=place, remedy="convert the reads to FASTA")
    if head.startswith(b"\xef\xbb\xbf"):
        raise InputError("begins with a UTF-8 byte-order mark", place=place, remedy="save it as plain ASCII text")
    if head.startswith((b"BAM\1", b"CRAM", b"BCF")):
        raise InputError("is BAM, CRAM or BCF, not FASTA", place=place, remedy="give a FASTA file")
    if head.startswith((b"LOCUS", b"ID ")):
        raise InputError("looks like GenBank or EMBL", place=place, remedy="name it .gb, .gbk or .embl")
    raise InputError("no '>' header at the start", place=place, remedy="give a FASTA file")


class _RecordSplitter:
    """Headers and sequence segments out of chunks that end anywhere."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._offset = 0
        self._header = b""
        self._at_line_start = True
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
                self._at_line_start = chunk[end - 1 : end] == b"\n"
            position = end
        self._offset += len(chunk)

    def _skip_blank_start(self, chunk: bytes) -> int:
        text = chunk.lstrip()
        if not text:
            return len(chunk)
        if not text.startswith(b">"):
            _refuse_start(text, self._place)
        self._begun = True
        return len(chunk) - len(text)

    def _header_starts(self, chunk: bytes, position: int) -> bool:
        if chunk[position] != ord(">"):
            return False
        if not self._at_line_start:
            what = f"'>' inside a sequence line at offset {self._offset + position}"
            raise InputError(what, place=self._place, remedy="a header starts a line of its own")
        self._header_offset = self._offset + position
        return True

    def _take_header(self, part: bytes) -> Iterator[Header]:
        self._header += part
        if len(self._header) > _MAX_HEADER_BYTES:
            raise InputError(
                f"header over {_MAX_HEADER_BYTES} bytes at offset {self._header_offset}", place=self._place
            )
        if part.endswith(b"\n"):
            yield from self.finish()

    def finish(self) -> Iterator[Header]:
        """The header that is complete, or that the file ends in."""
        if self._header:
            header, self._header, self._at_line_start = self._header, b"", True
            yield _parse_header(header, self._header_offset, self._place)


def split_records(chunks: Iterable[bytes], place: str) -> Iterator[Header | Segment]:
    """Headers and sequence segments in order of the file. Raises InputError for what is no FASTA."""
    splitter = _RecordSplitter(place)
    n_headers = 0
    for chunk in chunks:
        for part in splitter.feed(chunk):
            n_headers += isinstance(part, Header)
            yield part
    for part in splitter.finish():
        n_headers += 1
        yield part
    if not n_headers:
        raise InputError("is empty", place=place, remedy="give a FASTA file with at least one record")


def letters_of(text: bytes) -> bytes:
    """Sequence letters of lines: line feeds and carriage returns taken out."""
    text = text.replace(b"\n", b"")
    return text.replace(b"\r", b"") if b"\r" in text else text
