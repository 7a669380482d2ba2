"""Where the letters of each contig lie in a FASTA file, found by reading all of it once.

Instead of a line width that has to hold everywhere (as in a .fai), the index marks how many letters come before
every 8 KiB of the unpacked file, or before every BGZF block. Lines may so be of any width.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import LetterCounts, count_letters
from dna_mamba.errors import InputError
from dna_mamba.io.bgzf import BgzfBlock
from dna_mamba.io.fasta.lines import Header, Segment, gaps_of, letters_of, split_records

MARK_BYTES = 1 << 13
_BLOCKS_A_CHUNK = 64
_WORTH_A_THREAD = 1 << 16
_UPPER_CASE = np.uint8(0xDF)

Offsets = NDArray[np.int64]


class ContigEntry(NamedTuple):
    """A contig and where it lies: bytes ``[begin, end)`` of the unpacked file, from its letter ``first_letter``
    counted over the whole file.
    """

    chrom: str
    length: int
    begin: int
    end: int
    first_letter: int
    md5: str
    counts: LetterCounts


class ByteRange(NamedTuple):
    """Bytes ``[start, end)`` of the unpacked file; the letters wanted follow after ``skip`` others."""

    start: int
    end: int
    skip: int


@dataclass(frozen=True)
class FastaIndex:
    """Contigs in order of the file, and marks: ``mark_letters[i]`` letters lie before unpacked byte ``mark_bytes[i]``.

    ``block_offsets[i]`` is where the BGZF block of mark i starts in the file; empty for other compressions.
    """

    entries: tuple[ContigEntry, ...]
    n_bytes: int
    mark_bytes: Offsets
    mark_letters: Offsets
    block_offsets: Offsets

    def locate(self, entry: ContigEntry, start: int, end: int) -> ByteRange:
        """The bytes that hold letters ``[start, end)`` of a contig, 0 <= start < end <= length."""
        first, last = entry.first_letter + start, entry.first_letter + end
        i = int(np.searchsorted(self.mark_letters, first, side="right")) - 1
        byte, letters = int(self.mark_bytes[i]), int(self.mark_letters[i])
        if byte < entry.begin:
            byte, letters = entry.begin, entry.first_letter
        j = int(np.searchsorted(self.mark_letters, last, side="left"))
        stop = int(self.mark_bytes[j]) if j < self.mark_bytes.size else self.n_bytes
        return ByteRange(byte, min(stop, entry.end), first - letters)


class _Chunk(NamedTuple):
    """A piece of the unpacked file, and the offsets in the unpacked file of the marks that lie in it."""

    text: bytes
    marks: list[int]


class _Md5:
    """MD5 of upper-case letters in a second thread (hashlib lets go of the interpreter lock)."""

    def __init__(self, thread: Executor) -> None:
        self._thread = thread
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._last: Future[None] | None = None

    def update(self, letters: bytes) -> None:
        upper = (np.frombuffer(letters, dtype=np.uint8) & _UPPER_CASE).data
        self._wait()
        if len(letters) < _WORTH_A_THREAD:
            self._md5.update(upper)
        else:
            self._last = self._thread.submit(self._md5.update, upper)

    def _wait(self) -> None:
        if self._last is not None:
            self._last.result()
            self._last = None

    def hexdigest(self) -> str:
        self._wait()
        return self._md5.hexdigest()


class _OpenContig:
    """The contig being read."""

    def __init__(self, header: Header, first_letter: int, md5: _Md5) -> None:
        self.header, self.first_letter, self.md5 = header, first_letter, md5
        self.counts = LetterCounts(0, 0, 0, 0, 0)

    def add(self, letters: bytes, place: str) -> None:
        where = f"{place}: record {self.header.name!r}"
        self.md5.update(letters)
        self.counts += count_letters(letters, place=where, offset=self.counts.length)

    def close(self, end: int) -> ContigEntry:
        begin, md5 = self.header.offset + self.header.n_bytes, self.md5.hexdigest()
        length = self.counts.length
        return ContigEntry(self.header.name, length, begin, end, self.first_letter, md5, self.counts)


class _Scanner:
    def __init__(self, place: str, thread: Executor) -> None:
        self._place, self._thread = place, thread
        self._entries: dict[str, ContigEntry] = {}
        self._contig: _OpenContig | None = None
        self._n_letters = 0
        self._n_bytes = 0
        self._marks: list[int] = []
        self._mark_letters: list[int] = []

    def scan(self, chunks: Iterable[_Chunk]) -> tuple[tuple[ContigEntry, ...], int, Offsets, Offsets]:
        """Entries, bytes of the unpacked file, marks and letters before them."""
        for part in split_records(self._texts(chunks), self._place):
            if isinstance(part, Header):
                self._open(part)
            else:
                self._add(part)
        self._finish_contig(self._n_bytes)
        self._fill_marks(self._n_bytes + 1)
        marks = np.array(self._marks, dtype=np.int64), np.array(self._mark_letters, dtype=np.int64)
        return tuple(self._entries.values()), self._n_bytes, *marks

    def _texts(self, chunks: Iterable[_Chunk]) -> Iterable[bytes]:
        for chunk in chunks:
            self._marks += chunk.marks
            self._n_bytes += len(chunk.text)
            yield chunk.text

    def _open(self, header: Header) -> None:
        self._finish_contig(header.offset)
        if header.name in self._entries:
            what = f"two records are named {header.name!r} (the second at offset {header.offset})"
            raise InputError(what, place=self._place, remedy="rename one of them")
        self._contig = _OpenContig(header, self._n_letters, _Md5(self._thread))

    def _finish_contig(self, end: int) -> None:
        if self._contig is not None:
            entry = self._contig.close(end)
            self._entries[entry.chrom] = entry

    def _add(self, segment: Segment) -> None:
        letters = letters_of(segment.text)
        self._fill_marks(segment.offset)
        first = len(self._mark_letters)
        last = bisect_left(self._marks, segment.offset + len(segment.text), lo=first)
        if first < last:
            within = np.array(self._marks[first:last]) - segment.offset
            n_gaps = np.searchsorted(gaps_of(segment.text), within)
            self._mark_letters += (self._n_letters + within - n_gaps).tolist()
        if self._contig is not None:
            self._contig.add(letters, self._place)
        self._n_letters += len(letters)

    def _fill_marks(self, before: int) -> None:
        """Marks that lie in headers or blank lines up to byte ``before``: no letter has come since."""
        last = bisect_left(self._marks, before, lo=len(self._mark_letters))
        self._mark_letters += [self._n_letters] * (last - len(self._mark_letters))


def _scan(chunks: Iterable[_Chunk], place: str) -> tuple[tuple[ContigEntry, ...], int, Offsets, Offsets]:
    with ThreadPoolExecutor(1) as thread:
        return _Scanner(place, thread).scan(chunks)


def scan_stream(chunks: Iterable[bytes], place: str) -> FastaIndex:
    """Index of a file read as it unpacks (plain, or gzip held in memory). Raises InputError for what is not FASTA."""
    entries, n_bytes, mark_bytes, mark_letters = _scan(_mark_every_step(chunks), place)
    return FastaIndex(entries, n_bytes, mark_bytes, mark_letters, np.empty(0, dtype=np.int64))


def _mark_every_step(chunks: Iterable[bytes]) -> Iterable[_Chunk]:
    offset = 0
    for text in chunks:
        first = -(-offset // MARK_BYTES) * MARK_BYTES
        yield _Chunk(text, list(range(first, offset + len(text), MARK_BYTES)))
        offset += len(text)


def scan_bgzf(blocks: Iterable[BgzfBlock], place: str) -> FastaIndex:
    """Index of a BGZF file from its blocks. Raises InputError for what is not FASTA."""
    block_offsets: list[int] = []
    scanned = _scan(_mark_every_block(blocks, block_offsets), place)
    entries, n_bytes, mark_bytes, mark_letters = scanned
    return FastaIndex(entries, n_bytes, mark_bytes, mark_letters, np.array(block_offsets, dtype=np.int64))


def _mark_every_block(blocks: Iterable[BgzfBlock], block_offsets: list[int]) -> Iterable[_Chunk]:
    texts: list[bytes] = []
    marks: list[int] = []
    offset = 0
    for block in blocks:
        if not block.data:
            continue
        block_offsets.append(block.offset)
        marks.append(offset)
        texts.append(block.data)
        offset += len(block.data)
        if len(texts) == _BLOCKS_A_CHUNK:
            yield _Chunk(b"".join(texts), marks)
            texts, marks = [], []
    if texts:
        yield _Chunk(b"".join(texts), marks)
