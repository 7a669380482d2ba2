"""Stores that are not what they should be, each in one line."""

import json
from pathlib import Path

import pytest

from dna_mamba.data.store import GenomeStore
from dna_mamba.errors import InputError
from tests.data.store.genomes import packed_store


def test_what_is_not_a_store(tmp_path: Path) -> None:
    store = packed_store(tmp_path, {"g": {"c": "ACGT"}})
    with pytest.raises(InputError, match=r"g\.fa: is a file, not a genome store; .*genome\.fasta"):
        GenomeStore(tmp_path / "g.fa")
    with pytest.raises(InputError, match="no such genome store"):
        GenomeStore(tmp_path / "gone")
    with pytest.raises(InputError, match="is not a genome store"):
        GenomeStore(tmp_path)
    (store.path / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read as JSON"):
        GenomeStore(store.path)
    (store.path / "manifest.json").write_text('{"files": {}}')
    with pytest.raises(InputError, match="not the manifest of a genome store"):
        GenomeStore(store.path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("version", 2, "genome store of version 2; version 1 is read"),
        ("written_by", "another", "was altered"),
        ("genomes", [], "was altered"),
        ("surplus", 1, "surplus: Extra inputs"),
    ],
)
def test_other_versions_and_altered_manifests(tmp_path: Path, key: str, value: object, message: str) -> None:
    path = packed_store(tmp_path, {"g": {"c": "ACGT"}}).path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(InputError, match=message):
        GenomeStore(path.parent)
