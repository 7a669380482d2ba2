"""What an unfinished run has done, kept beside its output block by block until all of it is there.

In ``.NAME.progress``: ``run.json`` says what was run, ``blocks`` holds the finished lines, one gzip member a block, and
``journal`` one line a block that says where it ends. A block counts once its journal line is whole; both files are
synced in that order, so that a kill or a power cut costs at most the block in hand.
"""

import fcntl
import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output, disk_errors, sync_directory
from dna_mamba.scoring.summary import ScoreSummary

_RUN, _BLOCKS, _JOURNAL = "run.json", "blocks", "journal"


def progress_directory(target: str | Path) -> Path:
    """Where the progress of a run that writes ``target`` is kept."""
    path = Path(os.path.realpath(target))
    stem = path.name.encode()[:200].decode(errors="ignore")
    return path.with_name(f".{stem}.progress")


class Content(NamedTuple):
    """Lines kept so far, and the SHA-256 over them, each with its line feed."""

    n_lines: int
    sha256: str


class Progress:
    """Finished blocks of a run; use it as a context manager.

    When the block ends with an InputError, or before anything was done, the directory is removed. Any other way to
    end early (a signal, a full disk) leaves it for ``resume``; ``discard`` removes it when the output is whole.

    Args:
        directory: see ``progress_directory``.
        run: what decides the output, by name.
        provenance: header lines of the output; those of the run that began stay.
        resume: go on where an earlier run stopped, if there is one.
        force: remove what an earlier run left.

    Attributes:
        summary: what was done so far.
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
        self.directory, self.summary, self.provenance = directory, ScoreSummary(), list(provenance)
        self.is_complete = False
        if directory.exists() and not resume and not force:
            remedy = "give --resume to go on with it, or --force to start again"
            raise InputError("an earlier run stopped here", place=directory, remedy=remedy)
        with disk_errors(directory):
            directory.mkdir(exist_ok=True)
            self._journal: BinaryIO = open(directory / _JOURNAL, "a+b")  # noqa: SIM115 (closed in close)
            self._blocks: BinaryIO = open(directory / _BLOCKS, "a+b")  # noqa: SIM115
            try:
                self._lock()
                self._begin_or_go_on(run, resume)
            except BaseException:
                self.close()
                raise

    def _lock(self) -> None:
        try:
            fcntl.flock(self._journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError("another run is at work on it", place=self.directory, remedy="wait for its end") from None
        except OSError:  # a file system without locks
            pass

    def _begin_or_go_on(self, run: Mapping[str, str], resume: bool) -> None:
        earlier = self._earlier_run() if resume else None
        if earlier is None:
            self._begin(run)
        else:
            self._go_on(run, earlier)

    def _earlier_run(self) -> dict[str, object] | None:
        try:
            said = json.loads((self.directory / _RUN).read_text(encoding="utf-8", errors="surrogateescape"))
            return said if isinstance(said, dict) and isinstance(said.get("run"), dict) else None
        except (OSError, ValueError):
            return None

    def _begin(self, run: Mapping[str, str]) -> None:
        for file in (self._journal, self._blocks):
            file.truncate(0)
        said = json.dumps({"run": dict(run), "provenance": self.provenance}, indent=1)
        with atomic_output(self.directory / _RUN, force=True) as file:
            file.write(said.encode("utf-8", errors="surrogateescape"))
        sync_directory(self.directory)

    def _go_on(self, run: Mapping[str, str], earlier: Mapping[str, object]) -> None:
        if other := difference(run, earlier["run"]):
            remedy = "give what it was given, or --force without --resume to start again"
            raise InputError(f"the run to resume had another {other}", place=self.directory, remedy=remedy)
        provenance = earlier.get("provenance")
        self.provenance = [str(line) for line in provenance] if isinstance(provenance, list) else self.provenance
        self._journal.seek(0)
        n_bytes = n_blocks_bytes = 0
        for line in self._journal:
            entry = _journal_entry(line)
            if entry is None:
                break
            n_bytes += len(line)
            n_blocks_bytes, self.summary = entry
        if n_blocks_bytes > os.fstat(self._blocks.fileno()).st_size:
            raise InputError("its blocks are cut short", place=self.directory, remedy="give --force without --resume")
        self._journal.truncate(n_bytes)
        self._blocks.truncate(n_blocks_bytes)

    def commit(self, lines: Sequence[str], tally: ScoreSummary) -> None:
        """Keep the lines of one more block, and what was counted in it, through a crash from now on."""
        text = "".join(f"{line}\n" for line in lines).encode("utf-8", errors="surrogateescape")
        self.summary.include(tally)
        with disk_errors(self.directory / _BLOCKS):
            self._blocks.write(gzip.compress(text, 1, mtime=0))
            _sync(self._blocks)
            entry = [os.fstat(self._blocks.fileno()).st_size, self.summary.counts()]
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

    def discard(self) -> None:
        """Remove what is kept."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def close(self) -> None:
        self._blocks.close()
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_lost = isinstance(error, InputError) and not self.is_complete
        if is_lost or (error is not None and not self.summary.n_records):
            self.discard()
        self.close()


def difference(run: Mapping[str, str], other: object) -> str | None:
    """The first thing by name in which two runs differ, with both values; None if they are the same."""
    if not isinstance(other, Mapping):
        return "description"
    for name in dict.fromkeys([*run, *other]):
        if run.get(name) != other.get(name):
            return f"{name} ({str(other.get(name))[:64]}, here {str(run.get(name))[:64]})"
    return None


def earlier_value(directory: Path, name: str) -> str | None:
    """What a run that stopped had under this name, if there is one."""
    try:
        said = json.loads((directory / _RUN).read_text(encoding="utf-8", errors="surrogateescape"))
        return str(said["run"][name])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _journal_entry(line: bytes) -> tuple[int, ScoreSummary] | None:
    """Where a block ends and what was counted up to there; None for a line that was cut short."""
    if not line.endswith(b"\n"):
        return None
    try:
        n_bytes, counts = json.loads(line)
        return int(n_bytes), ScoreSummary.of_counts(counts)
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
