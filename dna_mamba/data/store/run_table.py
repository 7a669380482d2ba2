"""Runs of letters on disk: where they start and end, and which of them is the first to reach a block of the bases.

Bases are counted over the whole store, each contig from a multiple of eight. The index makes a look-up cost the same
wherever it is, however many runs there are.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.data.store.files import HashedFile, map_array
from dna_mamba.data.store.letters import LetterRuns

_BLOCK_SHIFT = 10
"""Blocks of 1,024 bases."""
_INDEXED_BLOCKS = 1 << 20
"""So many are indexed at a time."""
_INT = np.dtype("<i8")
_BYTE = np.dtype(np.uint8)
_NAME = "other_letters"
_PARTS = ("starts", "ends", "letters", "index")


class Run(NamedTuple):
    """A stretch of one letter, which is a place in ``OTHER_LETTERS``."""

    start: int
    end: int
    letter: int


class RunWriter:
    """Runs as they are found, those that meet at the end of one batch and the start of the next made one."""

    def __init__(self, directory: Path) -> None:
        self._files = {part: HashedFile(directory / f"{_NAME}.{part}") for part in _PARTS}
        self._last: Run | None = None
        self.n_runs = 0

    def add(self, runs: LetterRuns, offset: int) -> None:
        """Runs of a batch whose first base is base ``offset`` of the store."""
        if not len(runs.starts):
            return
        starts, ends, letters = runs.starts + offset, runs.ends + offset, runs.letters
        if self._last is not None:
            if self._last.end == starts[0] and self._last.letter == letters[0]:
                starts[0] = self._last.start
            else:
                self._write(LetterRuns(*(np.array([value]) for value in self._last)))
        self._last = Run(int(starts[-1]), int(ends[-1]), int(letters[-1]))
        self._write(LetterRuns(starts[:-1], ends[:-1], letters[:-1]))

    def _write(self, runs: LetterRuns) -> None:
        self.n_runs += len(runs.starts)
        self._files["starts"].write(runs.starts.astype(_INT))
        self._files["ends"].write(runs.ends.astype(_INT))
        self._files["letters"].write(runs.letters.astype(_BYTE))

    @property
    def files(self) -> tuple[HashedFile, ...]:
        """What is written, to be closed by the caller."""
        return tuple(self._files.values())

    def finish(self, n_bases: int) -> None:
        """Write the last run, and the index of a store of ``n_bases``."""
        if self._last is not None:
            self._write(LetterRuns(*(np.array([value]) for value in self._last)))
        self._files["ends"].close()
        if self.n_runs:
            self._write_index(n_bases)

    def _write_index(self, n_bases: int) -> None:
        """For each block the first run that ends past its start; two more blocks, so that the last has a next."""
        ends = map_array(self._files["ends"].path, _INT)
        n_blocks = (n_bases >> _BLOCK_SHIFT) + 2
        for first in range(0, n_blocks, _INDEXED_BLOCKS):
            blocks = np.arange(first, min(n_blocks, first + _INDEXED_BLOCKS), dtype=np.int64) << _BLOCK_SHIFT
            self._files["index"].write(np.searchsorted(ends, blocks, side="right").astype(_INT))


class RunTable:
    """The runs of a store."""

    def __init__(self, directory: Path) -> None:
        self._starts, self._ends, self._index = (
            map_array(directory / f"{_NAME}.{part}", _INT) for part in ("starts", "ends", "index")
        )
        self._letters: NDArray[np.uint8] = map_array(directory / f"{_NAME}.letters", _BYTE)
        self._first_of_block = memoryview(self._index.data)
        self._start_of = memoryview(self._starts.data)
        self.n_runs = len(self._starts)

    def within(self, start: int, end: int) -> Sequence[Run]:
        """Runs that have a base of ``[start, end)``, cut to it, ascending, counted from ``start``."""
        first = self._first_of_block[start >> _BLOCK_SHIFT]
        if first == self.n_runs or self._start_of[first] >= end:
            return ()
        last = self._first_of_block[(end >> _BLOCK_SHIFT) + 1] + 1
        columns = (column[first:last].tolist() for column in (self._starts, self._ends, self._letters))
        return [
            Run(max(run_start, start) - start, min(run_end, end) - start, letter)
            for run_start, run_end, letter in zip(*columns, strict=True)
            if run_start < end and run_end > start
        ]
