"""The JSONL log of a run: one object a line, kept in step with the checkpoints."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dna_mamba.io.atomic import atomic_output


class RunLog:
    """Append-only log; every row has ``event`` and ``step``. A killed process loses no row."""

    def __init__(self, path: Path) -> None:
        self._path = path

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
        with self._path.open("ab") as stream:
            stream.write(_line({"event": event, "step": step, **fields}))


def _line(row: dict[str, Any]) -> bytes:
    return (json.dumps(row, allow_nan=False) + "\n").encode()


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a log; a last line cut short by a crash is passed over."""
    for line in _whole_lines(path):
        yield json.loads(line)


def _whole_lines(path: Path) -> Iterator[bytes]:
    if not path.exists():
        return
    with path.open("rb") as stream:
        for line in stream:
            if line.endswith(b"\n"):
                yield line
