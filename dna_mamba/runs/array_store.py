"""Arrays that a run has computed, kept part by part until all of them are there.

Each part is a file, which takes its name when it is whole; ``finishing`` says that the outputs are being written.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dna_mamba.io.atomic import atomic_output
from dna_mamba.runs.progress import Progress

_FINISHING = "finishing"
Array = NDArray[np.float32]


def holds(directory: Path, number: int, shape: tuple[int, int]) -> bool:
    """Whether a part of this shape lies in a directory, which need not exist."""
    path = _path(directory, number)
    return path.exists() and path.stat().st_size == 4 * shape[0] * shape[1]


def was_finishing(directory: Path) -> bool:
    """Whether the outputs were being written when the run stopped: those that exist are that run's."""
    return (directory / _FINISHING).exists()


def _path(directory: Path, number: int) -> Path:
    return directory / f"{number:06d}.f32"


class ArrayStore(Progress):
    """Parts of a run, arrays (n, T) of float32 by number; use it as a context manager."""

    def has(self, number: int, shape: tuple[int, int]) -> bool:
        """Whether a part is there, as large as it has to be."""
        return holds(self.directory, number, shape)

    def write(self, number: int, pieces: Iterable[Array]) -> None:
        """A part from consecutive pieces; until all of them are there, nothing is.

        Raises:
            MachineError: the disk is full.
        """
        with atomic_output(_path(self.directory, number), force=True) as stream:
            for piece in pieces:
                stream.write(np.ascontiguousarray(piece, dtype="<f4").tobytes())

    def read(self, number: int, shape: tuple[int, int]) -> Array:
        """A part that is there, mapped into memory."""
        if not shape[0] * shape[1]:
            return np.empty(shape, dtype="<f4")  # an empty file cannot be mapped
        return np.memmap(_path(self.directory, number), dtype="<f4", mode="r", shape=shape)

    def finish(self) -> None:
        """From here on outputs appear."""
        with atomic_output(self.directory / _FINISHING, force=True):
            pass
