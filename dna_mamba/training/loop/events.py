"""Rows of a log as scalars for TensorBoard, where it is installed; each is on disk before the next step."""

import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dna_mamba.extras import need

EVENTS = "tensorboard"
"""In the directory of a run."""
_LEFT_OUT = ("step", "n_bases")


def has_tensorboard() -> bool:
    """Whether TensorBoard is installed here."""
    return find_spec("tensorboard") is not None


class EventFile:
    """A file of TensorBoard's events, begun with the first row; a resumed run begins another beside it.

    Args:
        directory: is made, and receives the file.

    Raises:
        InputError: TensorBoard is not installed.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._events = need("tensorboard.compat.proto.event_pb2", what="an event file")
        self._summaries = need("tensorboard.compat.proto.summary_pb2", what="an event file")
        self._records = need("tensorboard.summary.writer.record_writer", what="an event file")
        self._path: Path | None = None

    def __call__(self, row: Mapping[str, Any]) -> None:
        """Write the numbers of one row of a log."""
        values = [self._summaries.Summary.Value(tag=tag, simple_value=value) for tag, value in scalars(row)]
        if self._path is None:
            self._path = self._begin(int(row["step"]))
        if values:
            self._append(step=int(row["step"]), summary=self._summaries.Summary(value=values))

    def _begin(self, step: int) -> Path:
        """What an earlier, stopped run wrote of this step and later ones is passed over by readers from here on."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._path = self._directory / f"events.out.tfevents.{time.time_ns()}.dna-mamba"
        self._append(file_version="brain.Event:2")
        self._append(step=step, session_log=self._events.SessionLog(status=self._events.SessionLog.START))
        return self._path

    def _append(self, **content: Any) -> None:
        assert self._path is not None
        event = self._events.Event(wall_time=time.time(), **content)
        with self._path.open("ab") as stream:
            self._records.RecordWriter(stream).write(event.SerializeToString())


def scalars(row: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Tags and numbers of a row: ``train/loss_nats``, ``test/bits_per_base``, ``test/bits_per_base/yeast``."""
    if row["event"] not in ("train", "evaluate"):
        return
    group = row.get("split", row["event"])
    for key, value in row.items():
        if isinstance(value, int | float) and key not in _LEFT_OUT:
            yield f"{group}/{key}", float(value)
    for name, figures in row.get("by_genome", {}).items():
        yield f"{group}/bits_per_base/{name}", float(figures["bits_per_base"])
