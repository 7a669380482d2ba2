"""Arrays kept part by part beside an output, so that a run that was killed goes on where it stopped.

A directory holds ``plan.json``, which says what is being made of what, and a file for each part that is done. A part
takes its name when it is whole; everything is removed once the output is. (``resume`` does the same for lines.)
"""

import fcntl
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output
from dna_mamba.scoring.resume import difference

_PLAN, _FINISHING, _LOCK = "plan.json", "finishing", "lock"


def holds(directory: Path, number: int, shape: tuple[int, int]) -> bool:
    """Whether a part of this shape lies in a directory, which need not exist."""
    path = _path(directory, number)
    return path.exists() and path.stat().st_size == 4 * shape[0] * shape[1]


def was_finishing(directory: Path) -> bool:
    """Whether the outputs were being written when the run stopped: those that exist are that run's."""
    return (directory / _FINISHING).exists()


def _path(directory: Path, number: int) -> Path:
    return directory / f"{number:06d}.f32"


class PartStore:
    """Parts of a run, arrays (n, T) of float32 by number; use it as a context manager.

    Args:
        directory: where they lie.
        plan: what decides the numbers, by name; parts of another plan are never used.
        resume: go on with what is there.
        force: remove what is there, unless ``resume``.

    Raises:
        InputError: parts are there and neither ``resume`` nor ``force``, they belong to another plan, or another run
            is at work on them.
    """

    def __init__(self, directory: Path, plan: Mapping[str, str], *, resume: bool = False, force: bool = False) -> None:
        self.directory = directory
        if directory.exists() and not (resume or force):
            remedy = "give --resume to go on with it, or --force to start again"
            raise InputError("an earlier run stopped here", place=directory, remedy=remedy)
        directory.mkdir(exist_ok=True)
        self._lock = open(directory / _LOCK, "wb")  # noqa: SIM115 (closed in __exit__)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._begin(plan, resume)
        except BlockingIOError:
            self._lock.close()
            raise InputError("another run is at work on it", place=directory, remedy="wait for its end") from None
        except BaseException:
            self._lock.close()
            raise

    def _begin(self, plan: Mapping[str, str], resume: bool) -> None:
        path = self.directory / _PLAN
        if resume and path.exists():
            try:
                other = difference(plan, json.loads(path.read_bytes()))
            except ValueError:
                other = "description (it is damaged)"
            if other:
                remedy = "give what it was given, or --force without --resume to start again"
                raise InputError(f"the run to resume had another {other}", place=self.directory, remedy=remedy)
            return
        for left in self.directory.iterdir():
            if left.name != _LOCK:
                left.unlink()
        with atomic_output(path) as stream:
            stream.write(json.dumps(dict(plan), indent=1).encode())

    def has(self, number: int, shape: tuple[int, int]) -> bool:
        """Whether a part is there, as large as it has to be."""
        return holds(self.directory, number, shape)

    def write(self, number: int, pieces: Iterable[NDArray[np.float32]]) -> None:
        """A part from consecutive pieces; until all of them are there, nothing is.

        Raises:
            MachineError: the disk is full.
        """
        with atomic_output(_path(self.directory, number), force=True) as stream:
            for piece in pieces:
                stream.write(np.ascontiguousarray(piece, dtype="<f4").tobytes())

    def read(self, number: int, shape: tuple[int, int]) -> NDArray[np.float32]:
        """A part that is there, mapped into memory."""
        return np.memmap(_path(self.directory, number), dtype="<f4", mode="r", shape=shape)

    def finish(self) -> None:
        """From here on outputs appear."""
        with atomic_output(self.directory / _FINISHING, force=True):
            pass

    def remove(self) -> None:
        shutil.rmtree(self.directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.close()
