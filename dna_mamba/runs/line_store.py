"""Lines that a run has computed, kept block by block until all of them are there.

``blocks`` holds the finished lines, one gzip member a block, and ``journal`` one line a block that says where it ends.
A block counts once its journal line is whole; both files are synced in that order, so that a kill or a power cut costs
at most the block in hand.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import BinaryIO, NamedTuple

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import disk_errors
from dna_mamba.runs.counts import Counts, add_counts, check_counts
from dna_mamba.runs.progress import Progress

_BLOCKS, _JOURNAL = "blocks", "journal"


class Content(NamedTuple):
    """Lines kept so far, and the SHA-256 over them, each with its line feed."""

    n_lines: int
    sha256: str


class _Entry(NamedTuple):
    """A journal line: the bytes of all blocks up to there, the items that went into them, and what was counted."""

    n_bytes: int
    n_items: int
    counts: Counts


class LineStore(Progress):
    """Finished blocks of a run; use it as a context manager.

    When the block ends with an InputError, or before anything was done, the directory is removed. Any other way to
    end early (a signal, a full disk) leaves it for ``resume``; ``discard`` removes it when the output is whole.

    Attributes:
        n_items: how many items of the input, such as records, are done.
        counts: what was counted so far, by name.
        is_complete: whether everything is done, which an InputError no longer costs.
    """

    def _open(self, files: ExitStack) -> None:
        self.n_items = 0
        self.counts: Counts = {}
        self.is_complete = False
        self._journal: BinaryIO = files.enter_context(open(self.directory / _JOURNAL, "a+b"))  # noqa: SIM115 (by files)
        self._blocks: BinaryIO = files.enter_context(open(self.directory / _BLOCKS, "a+b"))  # noqa: SIM115
        self._read_journal()

    def _read_journal(self) -> None:
        self._journal.seek(0)
        n_bytes = n_blocks_bytes = 0
        for line in self._journal:
            entry = _parse_entry(line)
            if entry is None:
                break
            n_bytes += len(line)
            n_blocks_bytes, self.n_items, self.counts = entry
        if n_blocks_bytes > os.fstat(self._blocks.fileno()).st_size:
            raise InputError("its blocks are cut short", place=self.directory, remedy="give --force without --resume")
        self._journal.truncate(n_bytes)
        self._blocks.truncate(n_blocks_bytes)

    def commit(self, lines: Sequence[str], n_items: int, counts: Counts) -> None:
        """Keep the lines of one more block, of ``n_items`` items, and what was counted in it, through any crash."""
        text = "".join(f"{line}\n" for line in lines).encode("utf-8", errors="surrogateescape")
        self.n_items += n_items
        self.counts = add_counts(self.counts, counts)
        with disk_errors(self.directory / _BLOCKS):
            self._blocks.write(gzip.compress(text, 1, mtime=0))
            _sync(self._blocks)
            entry = _Entry(os.fstat(self._blocks.fileno()).st_size, self.n_items, self.counts)
            self._journal.write(json.dumps(entry).encode() + b"\n")
            _sync(self._journal)

    def lines(self) -> Iterator[str]:
        """Everything kept, in order, without line feeds. Raises InputError if it was damaged."""
        self._blocks.seek(0)
        try:
            with gzip.open(self._blocks, "rt", encoding="utf-8", errors="surrogateescape", newline="\n") as text:
                for line in text:
                    yield line.removesuffix("\n")
        except (OSError, EOFError) as error:
            remedy = "give --force without --resume to start again"
            raise InputError(f"damaged ({error})", place=self.directory, remedy=remedy) from None

    def content(self) -> Content:
        """What is kept, counted."""
        digest, n_lines = hashlib.sha256(), 0
        for line in self.lines():
            digest.update(f"{line}\n".encode("utf-8", errors="surrogateescape"))
            n_lines += 1
        return Content(n_lines, digest.hexdigest())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_lost = isinstance(error, InputError) and not self.is_complete
        if is_lost or (error is not None and not self.n_items):
            self.discard()
        super().__exit__(kind, error, trace)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _parse_entry(line: bytes) -> _Entry | None:
    """A journal line; None if it was cut short."""
    if not line.endswith(b"\n"):
        return None
    try:
        n_bytes, n_items, counts = json.loads(line)
        return _Entry(int(n_bytes), int(n_items), check_counts(counts))
    except (ValueError, TypeError):
        return None
