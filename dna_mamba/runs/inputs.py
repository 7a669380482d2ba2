"""The file that a run reads: what it holds, by hash, and whether it stays as it was."""

import hashlib
import os
import stat
from pathlib import Path
from typing import NamedTuple, Self

from dna_mamba.errors import InputError
from dna_mamba.io.fasta.byte_sources import FileIdentity


class InputFile(NamedTuple):
    """A regular file as it was when the run began."""

    path: str | Path
    sha256: str
    identity: FileIdentity

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Hash a file. Raises OSError if it cannot be opened."""
        with open(path, "rb") as file:
            identity = FileIdentity.of(file.fileno())
            return cls(path, hashlib.file_digest(file, "sha256").hexdigest(), identity)

    def refuse_change(self) -> None:
        """Raise InputError if the file is not what it was."""
        with open(self.path, "rb") as file:
            now = FileIdentity.of(file.fileno())
        if now != self.identity:
            raise InputError("changed while it was being read", place=self.path, remedy="run again on the new file")


def can_be_read_twice(path: str | Path) -> bool:
    """Whether this is a file on disk, not a pipe."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):  # no such file, or a NUL in its name
        return False
