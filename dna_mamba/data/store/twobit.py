"""2bit files, as UCSC writes them (https://genome.ucsc.edu/FAQ/FAQformat.html#format7), read in pieces.

Version 0 has offsets of 32 bits, version 1 (faToTwoBit -long) of 64. A sequence is stored as T 0, C 1, A 2, G 3, the
first base in the highest bits of a byte, with blocks of N and of lower case beside it.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError

_MAGIC = {b"\x43\x27\x41\x1a": "<", b"\x1a\x41\x27\x43": ">"}
"""And the byte order that follows from it."""
MAGIC_BYTES = 4
_PIECE_BP = 1 << 22
_AGAIN = "copy or download the file again"
_LETTERS = np.frombuffer(b"TCAG", dtype=np.uint8)
_FOUR_OF_BYTE = np.ascontiguousarray(_LETTERS[np.arange(256)[:, None] >> np.array([6, 4, 2, 0]) & 3]).view(np.uint32)
_LOWER_CASE = 0x20


def is_two_bit(head: bytes) -> bool:
    """Whether a file that begins so is 2bit."""
    return head[:MAGIC_BYTES] in _MAGIC


class _Blocks(NamedTuple):
    """Stretches of one sequence, int64 (n,)."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def within(self, start: int, end: int) -> Iterator[slice]:
        first = int(np.searchsorted(self.ends, start, side="right"))
        last = int(np.searchsorted(self.starts, end, side="left"))
        for i in range(first, last):
            yield slice(max(0, int(self.starts[i]) - start), min(end, int(self.ends[i])) - start)


class _TwoBitFile:
    def __init__(self, raw: BinaryIO, place: str) -> None:
        self._raw, self._place = raw, place
        self._order = _MAGIC[self._bytes(MAGIC_BYTES)]
        version, n_sequences, _ = (self._number("I") for _ in range(3))
        if version > 1:
            raise InputError(f"is 2bit of version {version}", place=place, remedy="versions 0 and 1 are read")
        offset = "Q" if version else "I"
        self.index = [(self._name(), self._number(offset)) for _ in range(n_sequences)]

    def letters(self, offset: int) -> Iterator[bytes]:
        """The letters of the sequence whose record is at ``offset``, in pieces."""
        self._raw.seek(offset)
        length = self._number("I")
        unknown, lower = self._blocks(length), self._blocks(length)
        self._number("I")
        begin = self._raw.tell()
        for start in range(0, length, _PIECE_BP):
            end = min(length, start + _PIECE_BP)
            self._raw.seek(begin + start // 4)
            packed = np.frombuffer(self._bytes(-(-(end - start) // 4)), dtype=np.uint8)
            letters = _FOUR_OF_BYTE.take(packed).view(np.uint8)[: end - start]
            for place in unknown.within(start, end):
                letters[place] = ord("N")
            for place in lower.within(start, end):
                letters[place] |= _LOWER_CASE
            yield letters.tobytes()

    def _blocks(self, length: int) -> _Blocks:
        count = self._number("I")
        starts, sizes = (self._numbers(count) for _ in range(2))
        ends = starts + sizes
        if (ends > length).any() or (starts[1:] < ends[:-1]).any():
            raise InputError("blocks of a sequence are out of order or past its end", place=self._place, remedy=_AGAIN)
        return _Blocks(starts, ends)

    def _numbers(self, count: int) -> NDArray[np.int64]:
        return np.frombuffer(self._bytes(4 * count), dtype=f"{self._order}u4").astype(np.int64)

    def _name(self) -> str:
        return self._bytes(self._bytes(1)[0]).decode("utf-8", errors="surrogateescape")

    def _number(self, kind: str) -> int:
        (value,) = struct.unpack(self._order + kind, self._bytes(struct.calcsize(self._order + kind)))
        return int(value)

    def _bytes(self, count: int) -> bytes:
        data = self._raw.read(count)
        if len(data) != count:
            what = f"2bit data end at offset {self._raw.tell()}, within a record"
            raise InputError(what, place=self._place, remedy=_AGAIN)
        return data


def two_bit_letters(raw: BinaryIO, place: str) -> Iterator[str | bytes]:
    """The name of each sequence of an open file, then its letters in pieces, lower case and N as in the file.

    Raises:
        InputError: the file is damaged or cut short, or of a version that is not known; names it.
    """
    file = _TwoBitFile(raw, place)
    for name, offset in file.index:
        yield name
        yield from file.letters(offset)
