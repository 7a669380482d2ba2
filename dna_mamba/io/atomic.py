"""Outputs that are whole or not there: written beside the target under a dot name, synced, then renamed.

A crash, ``kill -9`` or a full disk leaves the old file or none; at worst a ``.NAME.XXXXXXXX.partial`` is left over,
which nothing reads.
"""

import errno
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dna_mamba.errors import InputError, MachineError
from dna_mamba.io.paths import STDIO, check_local, clipped_name

_DISK_FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up"}
_STEM_BYTES = 200


@contextmanager
def atomic_output(path: str | Path, *, force: bool = False) -> Iterator[BinaryIO]:
    """A binary file to write; it takes its name only when the block ends without an exception.

    ``-`` is standard output, which cannot be taken back. Named pipes and devices (``/dev/null``) are written to
    directly. A symbolic link is followed: the file it names is replaced.

    Raises:
        InputError: the target exists and not ``force``, or its directory does not exist or cannot be written.
        MachineError: the disk is full.
    """
    name = check_local(path)
    if name == STDIO:
        with disk_errors(name):
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    target = Path(os.path.realpath(name))
    if _is_special(target):
        with disk_errors(name), open(target, "wb") as file:
            yield file
        return
    check_target(target, force=force)
    with disk_errors(name):
        yield from _write_beside(target)


def _write_beside(target: Path) -> Iterator[BinaryIO]:
    partial = _beside(target, ".partial")
    try:
        with open(partial, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_directory(target.parent)


def _beside(target: Path, suffix: str) -> Path:
    """A name in the target's directory that nothing else has or looks at, within the limit of 255 bytes."""
    return target.with_name(f".{clipped_name(target.name, _STEM_BYTES)}.{secrets.token_hex(4)}{suffix}")


@contextmanager
def atomic_directory(path: str | Path, *, force: bool = False) -> Iterator[Path]:
    """A new directory to fill; it takes its name only when the block ends without an exception.

    With ``force`` an existing directory is moved aside, then deleted, once the new one is whole. Between those two
    renames a kill leaves the old one under ``.NAME.XXXXXXXX.replaced``; nothing is lost.

    Raises:
        InputError: the target exists and not ``force``, or its parent does not exist or cannot be written.
        MachineError: the disk is full.
    """
    target = Path(os.path.realpath(check_local(path)))
    check_target(target, force=force)
    with disk_errors(path):
        partial = _beside(target, ".partial")
        partial.mkdir()
        try:
            yield partial
            _sync_tree(partial)
            replaced = _swap(partial, target)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        sync_directory(target.parent)
        if replaced:
            shutil.rmtree(replaced)


def _swap(partial: Path, target: Path) -> Path | None:
    """Give ``partial`` the target's name; where a directory had it, return the name that this one has now.

    rename(2) replaces a file or an empty directory, but not a full one.
    """
    if not target.is_dir():
        target.unlink(missing_ok=True)
        partial.rename(target)
        return None
    replaced = partial.with_suffix(".replaced")
    target.rename(replaced)
    try:
        partial.rename(target)
    except BaseException:
        replaced.rename(target)
        raise
    return replaced


def check_target(path: str | Path, *, force: bool) -> None:
    """Refuse an output that exists (unless ``force``) or that cannot be made, before any work is done.

    Raises:
        InputError: names the path and the remedy.
    """
    if check_local(path) == STDIO:
        return
    target = Path(os.path.realpath(path))
    if _is_special(target):
        return
    if target.exists() and not force:
        raise InputError("exists already", place=path, remedy="give --force to replace it, or another name")
    if not target.parent.is_dir():
        raise InputError(f"no directory {target.parent}", place=path, remedy="make it first")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise InputError(f"directory {target.parent} cannot be written", place=path, remedy="choose another place")


def _is_special(target: Path) -> bool:
    return target.exists() and not target.is_file() and not target.is_dir()


def sync_directory(directory: Path) -> None:
    """Make a rename in the directory last through a power cut."""
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _sync_tree(directory: Path) -> None:
    for parent, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(parent, name), "rb") as file:
                os.fsync(file.fileno())
        sync_directory(Path(parent))


@contextmanager
def disk_errors(path: str | Path) -> Iterator[None]:
    """Turn a full disk into a MachineError that names the disk; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        place = "standard output" if os.fspath(path) == STDIO else os.path.dirname(os.path.realpath(path))
        what = f"{_DISK_FULL[error.errno]} while writing {os.fspath(path)!r}"
        raise MachineError(what, place=place, remedy="free some space or write elsewhere") from error
