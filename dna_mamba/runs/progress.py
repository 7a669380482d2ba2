"""The progress of a run: the directory beside its output that holds what is done until the output is there.

``.NAME.progress`` holds ``run.json``, which says what is run, ``lock``, which the process at work holds, and what is
done so far: lines (``line_store``) or arrays (``array_store``).
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output, disk_errors, sync_directory
from dna_mamba.io.paths import STDIO, clipped_name

Facts = Mapping[str, str]
"""Everything that decides what a run computes, by name: hashes of what it reads, its options, the program's version.

A run is resumed, and shards belong together, only if all of these agree.
"""
_RUN, _LOCK = "run.json", "lock"
_START_AGAIN = "give what it was given, or --force without --resume to start again"


def progress_directory(target: str | Path) -> Path:
    """Where the progress of a run that writes ``target`` is kept."""
    path = Path(os.path.realpath(target))
    return path.with_name(f".{clipped_name(path.name, 200)}.progress")


def is_file_target(target: str | Path) -> bool:
    """Whether an output is a file that exists or will, neither standard output, nor a pipe, nor a device."""
    path = Path(os.path.realpath(target))
    return os.fspath(target) != STDIO and (path.is_file() or not path.exists())


@contextmanager
def progress_for(target: str | Path) -> Iterator[Path]:
    """Where the progress of a run is kept: beside its target, of an output that is no file until this closes."""
    if is_file_target(target):
        yield progress_directory(target)
        return
    with tempfile.TemporaryDirectory(prefix="dna-mamba-") as directory:
        yield Path(directory) / "progress"


def check_resumable(target: str | Path) -> None:
    """Refuse to resume what leaves no progress. Raises InputError where the output is not a file."""
    if not is_file_target(target):
        raise InputError("only a run that writes a file can be resumed", place="--resume", remedy="give -o OUT")


def kept_progress(target: str | Path) -> Path | None:
    """Where the progress of a run that stopped is kept, if there is any."""
    directory = progress_directory(target)
    return directory if is_file_target(target) and directory.is_dir() else None


def earlier_fact(target: str | Path, name: str) -> str | None:
    """What a run that stopped before it wrote ``target`` had under this name, if there is one."""
    try:
        return str(_said(progress_directory(target))["run"][name])
    except (OSError, ValueError, LookupError, TypeError):
        return None


class Progress:
    """The directory, held by this process alone; use it as a context manager.

    Args:
        directory: see ``progress_directory``.
        facts: what decides the output, by name.
        provenance: header lines of the output; those of the run that began stay.
        resume: resume an earlier run, if there is one.
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
        facts: Facts,
        provenance: Sequence[str] = (),
        *,
        resume: bool = False,
        force: bool = False,
    ) -> None:
        self.directory = directory
        self.provenance = list(provenance)
        with disk_errors(directory), ExitStack() as files:
            is_new = _make(directory)
            self._hold(files.enter_context(open(directory / _LOCK, "ab")))
            if not (is_new or resume or force):
                remedy = "give --resume to resume it, or --force to start again"
                raise InputError("an earlier run stopped here", place=directory, remedy=remedy)
            if resume and (directory / _RUN).exists():
                self._take_over(facts)
            else:
                self._begin(facts)
            self._open(files)
            sync_directory(directory)
            sync_directory(directory.parent)
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

    def _begin(self, facts: Facts) -> None:
        (self.directory / _RUN).unlink(missing_ok=True)  # first, so that what is left belongs to no run
        for left in self.directory.iterdir():
            if left.name != _LOCK:
                left.unlink()
        said = json.dumps({"run": dict(facts), "provenance": self.provenance}, indent=1)
        with atomic_output(self.directory / _RUN) as file:
            file.write(said.encode("utf-8", errors="surrogateescape"))

    def _take_over(self, facts: Facts) -> None:
        try:
            said = _said(self.directory)
            earlier, self.provenance = said["run"], [str(line) for line in said["provenance"]]
        except (ValueError, LookupError, TypeError):
            earlier = None
        if other := difference(facts, earlier):
            raise InputError(f"the run to resume had another {other}", place=self.directory, remedy=_START_AGAIN)

    def discard(self) -> None:
        """Remove what is kept."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()


def _make(directory: Path) -> bool:
    """Make the directory; False if it was there."""
    try:
        directory.mkdir()
    except FileExistsError:
        return False
    return True


def _said(directory: Path) -> dict[str, Any]:
    """What ``run.json`` holds. Raises OSError, ValueError or TypeError if there is none or it is damaged."""
    said = json.loads((directory / _RUN).read_text(encoding="utf-8", errors="surrogateescape"))
    if not isinstance(said, dict):
        raise TypeError
    return said


def difference(facts: Facts, earlier: object) -> str | None:
    """The first fact by name in which two runs differ, with both values; None if they are the same."""
    if not isinstance(earlier, Mapping):
        return "description (it is damaged)"
    for name in dict.fromkeys([*facts, *earlier]):
        if facts.get(name) != earlier.get(name):
            return f"{name} ({str(earlier.get(name))[:64]}, here {str(facts.get(name))[:64]})"
    return None
