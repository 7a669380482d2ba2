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
        rows = [row for row in read_log(self._path) if wanted(row)]
        with atomic_output(self._path, force=True) as stream:
            stream.writelines(_line(row) for row in rows)

    def write(self, event: str, step: int, **fields: Any) -> None:
        """Append one row."""
        with self._path.open("ab") as stream:
            stream.write(_line({"event": event, "step": step, **fields}))


def _line(row: dict[str, Any]) -> bytes:
    return (json.dumps(row) + "\n").encode()


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a log; a last line cut short by a crash is passed over."""
    if not path.exists():
        return
    with path.open("rb") as stream:
        for line in stream:
            if line.endswith(b"\n"):
                yield json.loads(line)
