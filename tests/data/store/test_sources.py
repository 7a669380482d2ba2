"""Files, folders and lists: which genomes they name."""

from pathlib import Path

import pytest

from dna_mamba.data.store import GenomeSource, find_sources
from dna_mamba.errors import InputError
from tests.data.store.genomes import packed_store, write_fasta


def test_files_folders_and_lists(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("b.fa", "a.fna.gz", ".hidden.fa", "notes.md", "c.2bit"):
        (folder / name).write_text(">x\nAC\n")
    write_fasta(tmp_path / "one.v1.fasta", {"c": "ACGT"})
    write_fasta(tmp_path / "sequence.txt", {"c": "ACGT"})
    (tmp_path / "list.tsv").write_text("# path\tname\tweight\nfolder/b.fa\tbee\t2.5\n\none.v1.fasta\n")
    found = find_sources([folder, tmp_path / "sequence.txt", tmp_path / "list.tsv"])
    assert [(source.path.name, source.name, source.weight) for source in found] == [
        ("a.fna.gz", "a", 1),
        ("b.fa", "b", 1),
        ("c.2bit", "c", 1),
        ("sequence.txt", "sequence", 1),
        ("b.fa", "bee", 2.5),
        ("one.v1.fasta", "one.v1", 1),
    ]
    assert found[4] == GenomeSource(tmp_path / "folder" / "b.fa", "bee", 2.5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("gone.fa\n", r"list\.tsv:1: no file '.*gone\.fa'"),
        ("# none\n", "names no genome"),
        ("g.fa\tx\t-1\n", r":1: weight '-1'"),
        ("g.fa\tx\tmuch\n", "weight 'much'"),
        ("g.fa\tx\tinf\n", "weight 'inf'"),
        ("g.fa\tx\t1\t2\n", "4 columns"),
        ("g.fa\ta:b\n", "'a:b' cannot be a genome's name"),
        ("g.fa\tx\ng.fa\tx\n", "two genomes are called 'x'"),
    ],
)
def test_lists_that_cannot_be_read(tmp_path: Path, content: str, message: str) -> None:
    write_fasta(tmp_path / "g.fa", {"c": "ACGT"})
    (tmp_path / "list.tsv").write_text(content)
    with pytest.raises(InputError, match=message):
        find_sources([tmp_path / "list.tsv"])


def test_what_cannot_be_packed(tmp_path: Path) -> None:
    store = packed_store(tmp_path, {"g": {"c": "ACGT"}})
    with pytest.raises(InputError, match="is a store already"):
        find_sources([store.path])
    with pytest.raises(InputError, match="is a pipe"):
        find_sources(["-"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no sequence file"):
        find_sources([tmp_path / "empty"])
    with pytest.raises(InputError, match="no genome is given"):
        find_sources([])
