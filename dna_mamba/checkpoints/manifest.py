"""Integrity of a directory of weights: a manifest of SHA-256 sums, written last and checked before anything is read."""

import hashlib
import json
from pathlib import Path

from dna_mamba.errors import InputError

MANIFEST = "manifest.json"
_ALGORITHM = "sha256"


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, _ALGORITHM).hexdigest()


def write_manifest(directory: Path) -> None:
    """Record the size and sum of every file of ``directory`` in its manifest."""
    files = sorted(p for p in directory.iterdir() if p.is_file() and p.name != MANIFEST)
    entries = {p.name: {"bytes": p.stat().st_size, _ALGORITHM: file_sha256(p)} for p in files}
    (directory / MANIFEST).write_text(json.dumps({"files": entries}, indent=1) + "\n")


def read_json(path: Path) -> dict[str, object]:
    """A JSON object from a file.

    Raises:
        InputError: missing, unreadable, not a JSON object, or one with the same key twice.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_repeats)
    except FileNotFoundError:
        raise InputError("file not found", place=path, remedy="give a complete model directory") from None
    except (ValueError, OSError, RecursionError) as error:
        raise InputError(f"cannot be read as JSON ({error})", place=path, remedy="fetch or write it again") from None
    if not isinstance(value, dict):
        raise InputError("is not a JSON object", place=path, remedy="fetch or write it again")
    return value


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object, of which readers otherwise take the last of equal keys without a word."""
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {next(key for key in keys if keys.count(key) > 1)!r} is there twice")
    return content


def verify_manifest(directory: Path) -> dict[str, str]:
    """Check every listed file; return their SHA-256 sums by name.

    Raises:
        InputError: the manifest is missing or malformed, or a file is missing, resized or altered.
    """
    place = directory / MANIFEST
    entries = read_json(place).get("files")
    if not isinstance(entries, dict) or not entries:
        raise InputError("lists no files", place=place, remedy="fetch or write the model again")
    return {name: _verify_file(directory, name, entry) for name, entry in entries.items()}


def _verify_file(directory: Path, name: str, entry: object) -> str:
    place, remedy = directory / name, "fetch or write it again"
    if Path(name).name != name or not isinstance(entry, dict):
        raise InputError(f"names {name!r}, which is not a file beside it", place=directory / MANIFEST, remedy=remedy)
    if not place.is_file():
        raise InputError("is listed in the manifest but missing", place=place, remedy=remedy)
    if place.stat().st_size != entry.get("bytes"):
        found = place.stat().st_size
        raise InputError(f"is {found} bytes, the manifest says {entry.get('bytes')}", place=place, remedy=remedy)
    sha256 = file_sha256(place)
    if sha256 != entry.get(_ALGORITHM):
        raise InputError("does not match the SHA-256 in the manifest", place=place, remedy=remedy)
    return sha256
