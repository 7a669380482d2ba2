"""Files of a benchmark by name: downloaded once, kept in the user's cache, and never another file than the first time.

Where the registry knows a SHA-256, no other content is taken. Where it does not, the first download is believed: its
hash is written beside it (``FILE.sha256``, as ``sha256sum`` writes it), and a file that no longer agrees is refused.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from dna_mamba.errors import InputError
from dna_mamba.evaluation.protocols.registry import PublishedFile
from dna_mamba.extras import need
from dna_mamba.io.atomic import atomic_output
from dna_mamba.io.paths import cache_directory

_RECORD = ".sha256"
_PIECE = 1 << 20


def protocol_cache(name: str) -> Path:
    """The folder in the user's cache that holds what was downloaded of a benchmark."""
    return cache_directory() / "protocols" / name


def download(files: Sequence[PublishedFile], folder: Path, told: Callable[[str], None], *, page: str) -> None:
    """Have every file in a folder: those that are there are checked, the others are downloaded, each whole or not.

    Args:
        files: of the registry.
        folder: of the copy; made if there is none.
        told: takes a line for each download.
        page: where the benchmark is distributed, for errors.

    Raises:
        InputError: pooch is not installed, a file cannot be downloaded, or its content is not what it has to be.
    """
    for file in files:
        target = folder / file.path
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            _fetch(file, target, page)
            told(f"{file.url}: {target.stat().st_size:,} bytes, SHA-256 {_sha256(target)}")
        _check(file, target)
        if file.sha256 is None and not _record_of(target).is_file():
            with atomic_output(_record_of(target), force=True) as stream:
                stream.write(f"{_sha256(target)}  {target.name}\n".encode())


def check_copy(files: Sequence[PublishedFile], folder: Path) -> None:
    """Refuse a copy with a file that is not the one known, or not the one first downloaded; writes nothing.

    Raises:
        InputError: names the file and both hashes.
    """
    for file in files:
        if (folder / file.path).is_file():
            _check(file, folder / file.path)


def _fetch(file: PublishedFile, target: Path, page: str) -> None:
    pooch = need("pooch", what="downloading benchmarks", instead=f"get them from {page}")
    pooch.get_logger().setLevel(logging.WARNING)
    known = None if file.sha256 is None else f"sha256:{file.sha256}"
    try:
        pooch.retrieve(file.url, known_hash=known, fname=target.name, path=target.parent)
    except (OSError, ValueError) as error:  # requests' errors are OSError, a wrong hash is ValueError
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        remedy = f"try again, or get the file from {page} and put it at {target}"
        raise InputError(f"cannot be downloaded ({reason})", place=file.url, remedy=remedy) from None


def _check(file: PublishedFile, target: Path) -> None:
    known, whose = file.sha256, "the registry has"
    record = _record_of(target)
    if known is None and record.is_file():
        known, whose = record.read_text(encoding="ascii", errors="replace").partition(" ")[0], f"{record.name} has"
    if known is None:
        return
    found = _sha256(target)
    if found != known:
        what = f"SHA-256 is {found}, {whose} {known}"
        remedy = "it changed: get the old file again, or remove both files to believe a new one"
        raise InputError(what, place=target, remedy=remedy if file.sha256 is None else "remove it, and download again")


def _record_of(target: Path) -> Path:
    return target.with_name(target.name + _RECORD)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
