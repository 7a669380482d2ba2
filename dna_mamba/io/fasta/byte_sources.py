"""Any byte range of an unpacked file: from a plain file, through BGZF blocks, or out of memory."""

import os
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.io.bgzf import HEADER_BYTES, block_size, inflate_block

_CACHED_BLOCKS = 64
_MAX_PACKED_BLOCK = 1 << 16


class FileIdentity(NamedTuple):
    """What changes when a file does. The change time cannot be set back, unlike the modification time."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, fd: int) -> "FileIdentity":
        status = os.fstat(fd)
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def refuse_change(fd: int, identity: FileIdentity, place: str) -> None:
    """Raise InputError if an open file is no longer in the state that was indexed."""
    if FileIdentity.of(fd) != identity:
        raise InputError("changed while it was being read", place=place, remedy="run again on the new file")


class ByteSource(Protocol):
    """Random access to the unpacked bytes of a file."""

    def read(self, start: int, end: int) -> bytes:
        """Bytes ``[start, end)``. Raises InputError if the file changed or fails a checksum."""
        ...

    def close(self) -> None: ...


class MemorySource:
    """Bytes held in memory: what came through a pipe or from plain gzip, which has no random access."""

    def __init__(self, data: bytes | bytearray) -> None:
        self._data = memoryview(data)

    def read(self, start: int, end: int) -> bytes:
        return bytes(self._data[start:end])

    def close(self) -> None:
        self._data = memoryview(b"")


class _FileSource:
    """An open file of which each read checks that it is still the one that was indexed."""

    def __init__(self, fd: int, place: str, identity: FileIdentity) -> None:
        self._fd, self._place, self._identity = fd, place, identity
        self._check()

    def _check(self) -> None:
        refuse_change(self._fd, self._identity, self._place)

    def _pread(self, size: int, offset: int) -> bytes:
        data = os.pread(self._fd, size, offset)
        while 0 < len(data) < size and (more := os.pread(self._fd, size - len(data), offset + len(data))):
            data += more
        return data

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()


class PlainSource(_FileSource):
    """An uncompressed file."""

    def read(self, start: int, end: int) -> bytes:
        self._check()
        return self._pread(end - start, start)


class BgzfSource(_FileSource):
    """A BGZF file; block i holds the unpacked bytes from ``block_starts[i]`` and lies at ``block_offsets[i]``."""

    def __init__(
        self,
        fd: int,
        place: str,
        identity: FileIdentity,
        block_starts: NDArray[np.int64],
        block_offsets: NDArray[np.int64],
    ) -> None:
        super().__init__(fd, place, identity)
        self._block_starts, self._block_offsets = block_starts, block_offsets
        self._block = lru_cache(_CACHED_BLOCKS)(self._read_block)

    def _read_block(self, i: int) -> bytes:
        offset = int(self._block_offsets[i])
        packed = self._pread(_MAX_PACKED_BLOCK, offset)
        size = block_size(packed[:HEADER_BYTES], offset, self._place)
        return inflate_block(packed[:size], size, offset, self._place)

    def read(self, start: int, end: int) -> bytes:
        self._check()
        first = int(np.searchsorted(self._block_starts, start, side="right")) - 1
        last = int(np.searchsorted(self._block_starts, end, side="left"))
        data = b"".join(self._block(i) for i in range(first, last))
        skip = start - int(self._block_starts[first])
        return data[skip : skip + end - start]
