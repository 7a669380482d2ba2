"""What a run does to a directory, in the order in which it lasts: syncs with what the disk then holds, and renames."""

import os
import re
from pathlib import Path
from typing import NamedTuple

import pytest

_SECRET = re.compile(r"\.[0-9a-f]{8}\.partial$")


class Synced(NamedTuple):
    """A file or directory that was synced, and the size of every file of the directory at that moment."""

    name: str
    sizes: dict[str, int]


class Renamed(NamedTuple):
    """A file that took its name."""

    name: str


class Disk:
    """Records ``os.fsync`` and ``os.replace``; names are relative to ``root``, ``.`` is the directory itself."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.events: list[Synced | Renamed] = []
        fsync, replace = os.fsync, os.replace

        def record_sync(descriptor: int) -> None:
            self.events.append(Synced(self._name_of(descriptor), self.sizes()))
            fsync(descriptor)

        def record_rename(old: str | Path, new: str | Path) -> None:
            replace(old, new)
            self.events.append(Renamed(os.path.relpath(new, root)))

        monkeypatch.setattr(os, "fsync", record_sync)
        monkeypatch.setattr(os, "replace", record_rename)

    def sizes(self) -> dict[str, int]:
        """Bytes that each file of the directory has, as another process sees it."""
        files = (path for path in self.root.iterdir() if path.is_file())
        return {_SECRET.sub(".partial", path.name): path.stat().st_size for path in files}

    @property
    def spelled(self) -> list[str]:
        """The events in words."""
        return [f"{'sync' if isinstance(event, Synced) else 'rename'} {event.name}" for event in self.events]

    def _name_of(self, descriptor: int) -> str:
        for path in (self.root.parent, self.root, *self.root.iterdir()):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return _SECRET.sub(".partial", os.path.relpath(path, self.root))
        return "elsewhere"
