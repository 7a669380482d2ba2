"""Packing is whole or not at all, and says what is wrong in one line."""

import gzip
from pathlib import Path

import pytest

from dna_mamba.data.store import GenomeStore, check_store_target, find_sources, pack_genomes
from dna_mamba.errors import InputError
from tests.data.store.genomes import packed_store, write_fasta


def pack(*paths: Path, to: Path) -> GenomeStore:
    pack_genomes(find_sources(paths), to)
    return GenomeStore(to)


def test_counts_and_provenance(tmp_path: Path) -> None:
    store = packed_store(tmp_path, {"g": {"a": "ACGTNNrYu", "b": "cgcgA"}})
    (genome,) = store.genomes
    assert (genome.contigs, genome.bp, genome.gc_bp, genome.soft_masked_bp) == (2, 14, 6, 6)
    assert (genome.unknown_bp, genome.ambiguous_bp, genome.uracil_bp, genome.known_bp) == (2, 2, 1, 10)
    assert genome.file == "g.fa" and len(genome.file_sha256) == 64


def test_equal_genomes_make_equal_stores_however_they_are_compressed(tmp_path: Path) -> None:
    text = write_fasta(tmp_path / "g.fa", {"a": "ACGTNNrY" * 30, "b": "acg"}).read_bytes()
    (tmp_path / "g.fna.gz").write_bytes(gzip.compress(text))
    plain, packed = pack(tmp_path / "g.fa", to=tmp_path / "one"), pack(tmp_path / "g.fna.gz", to=tmp_path / "two")
    assert plain.contents_sha256 == packed.contents_sha256
    assert plain.genomes[0].file_sha256 != packed.genomes[0].file_sha256
    write_fasta(tmp_path / "g.fa", {"a": "ACGTNNrY" * 30, "b": "acG"})
    assert pack(tmp_path / "g.fa", to=tmp_path / "three").contents_sha256 != plain.contents_sha256


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (">p\nMKVLITGAGSG\n", r"record 'p'.*'L' at offset 3"),
        (">a\nACGT\n>a\nAC\n", r"two contigs are named 'a'"),
        ("", r"is empty"),
        (">a\nACG-T\n", r"'-' at offset 3"),
        ("ACGT\n", r"no '>' header"),
    ],
)
def test_what_is_not_a_genome_is_refused_and_nothing_is_left(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "in.fa").write_text(text)
    with pytest.raises(InputError, match=message):
        pack(tmp_path / "in.fa", to=tmp_path / "store")
    assert [path.name for path in tmp_path.iterdir()] == ["in.fa"]


def test_the_offset_of_a_refused_letter_is_that_in_its_record(tmp_path: Path) -> None:
    (tmp_path / "in.fa").write_text(">a\nACGT\n>b\n" + "ACGT\n" * 1_200_000 + "AC*\n")
    with pytest.raises(InputError, match=r"record 'b'.*'\*' at offset 4800002"):
        pack(tmp_path / "in.fa", to=tmp_path / "store")


def test_only_a_store_is_replaced(tmp_path: Path) -> None:
    store = packed_store(tmp_path, {"g": {"a": "ACGT"}})
    with pytest.raises(InputError, match="exists already"):
        pack(tmp_path / "g.fa", to=store.path)
    check_store_target(store.path, force=True)
    with pytest.raises(InputError, match="is not a genome store"):
        check_store_target(tmp_path, force=True)
    write_fasta(tmp_path / "other.fa", {"b": "TT"})
    pack_genomes(find_sources([tmp_path / "other.fa"]), store.path, force=True)
    assert list(GenomeStore(store.path)) == ["other:b"]


def test_weights_of_nothing_are_refused(tmp_path: Path) -> None:
    write_fasta(tmp_path / "g.fa", {"a": "ACGT"})
    (tmp_path / "list.tsv").write_text("g.fa\tg\t0\n")
    with pytest.raises(InputError, match="weight above 0"):
        pack(tmp_path / "list.tsv", to=tmp_path / "store")
