"""The JSONL log of a run: one object a line, kept in step with the checkpoints."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output

LOG_FILE = "log.jsonl"
"""In the directory of a run."""
Follower = Callable[[Mapping[str, Any]], None]


class RunLog:
    """Append-only log; every row has ``event`` and ``step``. A killed process loses no row.

    ``followers`` are given each row after it is written.
    """

    def __init__(self, path: Path, followers: Sequence[Follower] = ()) -> None:
        self._path = path
        self._followers = followers

    def keep(self, wanted: Callable[[dict[str, Any]], bool]) -> None:
        """Keep only the rows a resumed run will not write again; a row cut short by a crash goes too."""
        lines = [line for line in _whole_lines(self._path) if wanted(json.loads(line))]
        with atomic_output(self._path, force=True) as stream:
            stream.writelines(lines)

    def write(self, event: str, step: int, **fields: Any) -> None:
        """Append one row.

        Raises:
            ValueError: a field is NaN or infinite, for which JSON has no number.
        """
        row = {"event": event, "step": step, **fields}
        with self._path.open("ab") as stream:
            stream.write(_line(row))
        for follow in self._followers:
            follow(row)


def _line(row: dict[str, Any]) -> bytes:
    return (json.dumps(row, allow_nan=False) + "\n").encode()


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a log; a last line cut short by a crash is passed over."""
    for line in _whole_lines(path):
        yield json.loads(line)


def read_run(directory: str | Path) -> list[dict[str, Any]]:
    """Rows of the log of a run that ended, was stopped or is going on.

    Raises:
        InputError: the directory does not hold a run, or its log is not one.
    """
    path = Path(directory) / LOG_FILE
    if not path.is_file():
        raise InputError(f"is not a run: it has no {LOG_FILE}", place=directory, remedy="give a directory of pretrain")
    try:
        rows = list(read_log(path))
    except ValueError as error:
        raise InputError(f"holds a line that is not JSON ({error})", place=path, remedy="give another run") from None
    if not all(isinstance(row, dict) and {"event", "step"} <= row.keys() for row in rows):
        raise InputError("is not the log of a run", place=path, remedy="give a directory of pretrain")
    return rows


def _whole_lines(path: Path) -> Iterator[bytes]:
    if not path.exists():
        return
    with path.open("rb") as stream:
        for line in stream:
            if line.endswith(b"\n"):
                yield line
