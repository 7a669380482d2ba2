"""The manifest of a directory: what is checked, and what it says of a file that is not as recorded."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dna_mamba.checkpoints.manifest import MANIFEST, read_json, verify_manifest, write_manifest
from dna_mamba.errors import InputError


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "a").write_bytes(b"first")
    (tmp_path / "b").write_bytes(b"second")
    write_manifest(tmp_path)
    return tmp_path


def test_sums_are_those_of_the_files(directory: Path) -> None:
    expected = {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in ("a", "b")}
    assert verify_manifest(directory) == expected
    entries = json.loads((directory / MANIFEST).read_text())["files"]
    assert {name: entry["bytes"] for name, entry in entries.items()} == {"a": 5, "b": 6}


def recorded(name: str, entry: object) -> Callable[[Path], object]:
    return lambda directory: (directory / MANIFEST).write_text(json.dumps({"files": {name: entry}}))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: (d / "a").write_bytes(b"fIrst"), r"a: does not match the SHA-256"),
        (lambda d: (d / "b").write_bytes(b"second!"), r"b: is 7 bytes, the manifest says 6"),
        (lambda d: (d / "b").unlink(), r"b: is listed in the manifest but missing"),
        (lambda d: (d / MANIFEST).unlink(), r"manifest\.json: file not found"),
        (lambda d: (d / MANIFEST).write_text("{}"), r"lists no files"),
        (lambda d: (d / MANIFEST).write_text('{"files": {"a": {}, "a": {}}}'), r"key 'a' is there twice"),
        (recorded("../a", {}), r"names '\.\./a', which is not a file beside it"),
        (recorded("/etc/passwd", {}), r"which is not a file beside it"),
        (recorded("a", 5), r"which is not a file beside it"),
        (recorded("a", {"bytes": 5}), r"does not match the SHA-256"),
    ],
)
def test_what_is_not_as_recorded_is_named(directory: Path, spoil: Callable[[Path], object], message: str) -> None:
    spoil(directory)
    with pytest.raises(InputError, match=message) as refused:
        verify_manifest(directory)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "is not a JSON object"),
        ("{", "cannot be read as JSON"),
        ("\xff", "cannot be read as JSON"),
        ('{"x": {"y": 1, "y": 2}}', "key 'y' is there twice"),
        ('{"x": ' + "1" * 5000 + "}", "cannot be read as JSON"),
    ],
)
def test_what_is_not_json(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=message):
        read_json(tmp_path / "x.json")
