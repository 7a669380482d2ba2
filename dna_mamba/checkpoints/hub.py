"""Models of the Hugging Face hub, fetched when asked for by name: ``hf:owner/name`` or ``hf:owner/name@revision``.

The first use pins what it found: commit and SHA-256 of the weights are recorded, and later uses take that commit and
check that sum. Whatever the hub's own cache holds is used without a network.
"""

import contextlib
import errno
import json
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from dna_mamba.checkpoints.manifest import read_json
from dna_mamba.checkpoints.weight_files import PATTERNS, find_weights, sha256_of
from dna_mamba.errors import InputError
from dna_mamba.extras import need
from dna_mamba.io.atomic import atomic_output
from dna_mamba.io.paths import cache_directory

PREFIX = "hf:"
_NAME = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
FILES = ["config.json", "manifest.json", "CARD.md", *PATTERNS]
"""Glob patterns of what is fetched."""
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)


class Pin(NamedTuple):
    """What a name stood for when it was first used."""

    commit: str
    weights_sha256: str


def is_hub_name(path_or_name: str | Path) -> bool:
    """Whether a model is asked for from the hub."""
    return str(path_or_name).startswith(PREFIX)


def fetch(name: str) -> Path:
    """The directory of a hub model in the hub's cache, downloaded if it is not there.

    Raises:
        InputError: a malformed name, no such model, no network, or weights other than those first used.
    """
    match = _NAME.fullmatch(name.removeprefix(PREFIX))
    if match is None or ".." in name:
        raise InputError(f"{name!r} is not a hub name", remedy="write hf:owner/name or hf:owner/name@revision")
    place = _pin_file(name)
    pin = _read_pin(place)
    directory = _snapshot(match["repo"], pin.commit if pin else match["revision"], name)
    weights = find_weights(directory)
    found = Pin(directory.name, sha256_of(weights))
    if pin is None:
        place.parent.mkdir(parents=True, exist_ok=True)
        with atomic_output(place, force=True) as stream:
            stream.write((json.dumps(found._asdict(), indent=1) + "\n").encode())
    elif pin.weights_sha256 != found.weights_sha256:
        raise InputError(
            f"{name!r}: SHA-256 {found.weights_sha256[:16]}... is not the {pin.weights_sha256[:16]}... first used",
            place=weights.place,
            remedy=f"remove the file to fetch it again, or {place} to accept it",
        )
    return directory


def _pin_file(name: str) -> Path:
    return cache_directory() / "hub" / (quote(name.removeprefix(PREFIX), safe="") + ".json")


def _read_pin(place: Path) -> Pin | None:
    if not place.exists():
        return None
    match read_json(place):
        case {"commit": str(commit), "weights_sha256": str(sha256)}:
            return Pin(commit, sha256)
    raise InputError("is not a record of a hub model", place=place, remedy="remove it to accept what the hub has")


def _snapshot(repo: str, revision: str | None, name: str) -> Path:
    """The snapshot in the hub's cache, from there alone if it has the weights."""
    snapshot_download = need("huggingface_hub", what=repr(name), instead="give a directory").snapshot_download
    with contextlib.suppress(InputError, OSError, ValueError):
        directory = Path(snapshot_download(repo, revision=revision, allow_patterns=FILES, local_files_only=True))
        if (directory / "config.json").exists() and find_weights(directory):
            return directory
    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=FILES))
    except Exception as error:  # those of the client and of what it is built on have no class in common
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in _OF_THE_DISK:
            raise
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise InputError(f"{name!r} cannot be fetched ({first})", remedy="check the name and the network") from None
