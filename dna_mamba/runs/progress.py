"""A run that may be stopped before its output is there: the directory beside the output that holds what is done.

``.NAME.progress`` holds ``run.json``, which says what is run, ``lock``, which the process at work holds, and what is
done so far: lines of a VCF or table (``resume``) or arrays (``parts``).
"""

import fcntl
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output, disk_errors, sync_directory

_RUN, _LOCK = "run.json", "lock"


def progress_directory(target: str | Path) -> Path:
    """Where the progress of a run that writes ``target`` is kept."""
    path = Path(os.path.realpath(target))
    stem = path.name.encode()[:200].decode(errors="ignore")
    return path.with_name(f".{stem}.progress")


def earlier_value(directory: Path, name: str) -> str | None:
    """What a run that stopped had under this name, if there is one."""
    try:
        return str(_said(directory)["run"][name])
    except (OSError, ValueError, LookupError, TypeError):
        return None


class UnfinishedRun:
    """The directory, held by this process alone; use it as a context manager.

    Args:
        directory: see ``progress_directory``.
        run: what decides the output, by name.
        provenance: header lines of the output; those of the run that began stay.
        resume: go on where an earlier run stopped, if there is one.
        force: remove what an earlier run left, unless ``resume``.

    Attributes:
        provenance: header lines as given when the run began.

    Raises:
        InputError: an earlier run is there and neither to be resumed nor removed, is another one, or still at work.
        MachineError: the disk is full.
    """

    def __init__(
        self,
        directory: Path,
        run: Mapping[str, str],
        provenance: Sequence[str] = (),
        *,
        resume: bool = False,
        force: bool = False,
    ) -> None:
        self.directory, self.provenance = directory, list(provenance)
        if directory.exists() and not (resume or force):
            remedy = "give --resume to go on with it, or --force to start again"
            raise InputError("an earlier run stopped here", place=directory, remedy=remedy)
        with disk_errors(directory):
            directory.mkdir(exist_ok=True)
            with ExitStack() as files:
                self._hold(files.enter_context(open(directory / _LOCK, "wb")))
                if resume and (directory / _RUN).exists():
                    self._go_on(run)
                else:
                    self._begin(run)
                self._open(files)
                sync_directory(directory)
                self._files = files.pop_all()

    def _open(self, files: ExitStack) -> None:
        """Open what a subclass keeps, until ``files`` closes."""

    def _hold(self, lock: BinaryIO) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError("another run is at work on it", place=self.directory, remedy="wait for its end") from None
        except OSError:  # a file system without locks
            pass

    def _begin(self, run: Mapping[str, str]) -> None:
        (self.directory / _RUN).unlink(missing_ok=True)  # first, so that what is left belongs to no run
        for left in self.directory.iterdir():
            if left.name != _LOCK:
                left.unlink()
        said = json.dumps({"run": dict(run), "provenance": self.provenance}, indent=1)
        with atomic_output(self.directory / _RUN) as file:
            file.write(said.encode("utf-8", errors="surrogateescape"))

    def _go_on(self, run: Mapping[str, str]) -> None:
        try:
            said = _said(self.directory)
            earlier, self.provenance = said["run"], [str(line) for line in said["provenance"]]
        except (ValueError, LookupError, TypeError):
            earlier = None
        if other := _difference(run, earlier):
            remedy = "give what it was given, or --force without --resume to start again"
            raise InputError(f"the run to resume had another {other}", place=self.directory, remedy=remedy)

    def discard(self) -> None:
        """Remove what is kept."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()


def _said(directory: Path) -> dict[str, Any]:
    """What ``run.json`` holds. Raises OSError, ValueError or TypeError if there is none or it is damaged."""
    said = json.loads((directory / _RUN).read_text(encoding="utf-8", errors="surrogateescape"))
    if not isinstance(said, dict):
        raise TypeError
    return said


def _difference(run: Mapping[str, str], other: object) -> str | None:
    """The first thing by name in which two runs differ, with both values; None if they are the same."""
    if not isinstance(other, Mapping):
        return "description (it is damaged)"
    for name in dict.fromkeys([*run, *other]):
        if run.get(name) != other.get(name):
            return f"{name} ({str(other.get(name))[:64]}, here {str(run.get(name))[:64]})"
    return None
