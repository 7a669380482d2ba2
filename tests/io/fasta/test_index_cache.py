import hashlib
import os
import time
from unittest import mock

import pytest

from dna_mamba.io.fasta import FastaReader, index_cache
from dna_mamba.io.fasta import lines as fasta_lines
from tests.io.packing import PACKINGS, bgzf

TEXT = b">a\nACGTAC\nGTTT\n>b\nGGNNaa\n"


@pytest.fixture(autouse=True)
def keep_small_young_files(monkeypatch):
    monkeypatch.setattr(index_cache, "MIN_FILE_BYTES", 0)
    monkeypatch.setattr(index_cache, "SETTLING_SECONDS", 0.0)


def scans() -> mock._patch:
    """Counts readings of a whole file."""
    return mock.patch("dna_mamba.io.fasta.index.split_records", side_effect=fasta_lines.split_records)


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
def test_second_opening_reads_the_kept_index(tmp_path, pack):
    path = tmp_path / "genome.fa"
    path.write_bytes(pack(TEXT))
    with scans() as scan:
        first, second = FastaReader(path), FastaReader(path)
    assert scan.call_count == 1
    assert second.contigs == first.contigs and second.counts == first.counts
    assert second.fingerprint == first.fingerprint
    assert second.fetch("a", 2, 9) == b"GTACGTT"


def test_a_change_that_keeps_size_and_modification_time_is_seen(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_bytes(TEXT)
    before = path.stat()
    FastaReader(path)
    time.sleep(0.02)
    path.write_bytes(TEXT.replace(b"ACGTAC", b"A>GTAC").replace(b"A>", b"TT"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size and path.stat().st_mtime_ns == before.st_mtime_ns
    changed = FastaReader(path)
    assert changed.fetch("a", 0, 4) == b"TTGT"
    assert changed.checksums["a"] == hashlib.md5(b"TTGTACGTTT").hexdigest()


def test_another_file_under_the_name_is_seen(tmp_path):
    path, other = tmp_path / "genome.fa", tmp_path / "other.fa"
    path.write_bytes(TEXT)
    FastaReader(path)
    other.write_bytes(TEXT.replace(b">b", b">c"))
    other.rename(path)
    assert [contig.chrom for contig in FastaReader(path).contigs] == ["a", "c"]


@pytest.mark.parametrize("damage", [bytes, lambda data: data[:50], lambda data: data[:-1] + b"x", lambda data: b""])
def test_a_damaged_entry_is_as_good_as_none(tmp_path, cache_home, damage):
    path = tmp_path / "genome.fa"
    path.write_bytes(bgzf(TEXT, 5))
    FastaReader(path)
    [entry] = (cache_home / "dna-mamba" / "fasta").iterdir()
    intact = entry.read_bytes()
    entry.write_bytes(damage(intact))
    with scans() as scan:
        assert FastaReader(path).fetch("b") == b"GGNNaa"
    assert scan.call_count == (0 if damage is bytes else 1)


def test_young_and_small_files_are_not_kept(tmp_path, cache_home, monkeypatch):
    path = tmp_path / "genome.fa"
    path.write_bytes(TEXT)
    monkeypatch.setattr(index_cache, "SETTLING_SECONDS", 60.0)
    FastaReader(path)
    monkeypatch.setattr(index_cache, "SETTLING_SECONDS", 0.0)
    monkeypatch.setattr(index_cache, "MIN_FILE_BYTES", len(TEXT) + 1)
    FastaReader(path)
    assert not list(cache_home.rglob("*.index"))


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    path = tmp_path / "genome.fa"
    path.write_bytes(TEXT)
    not_a_directory = tmp_path / "file"
    not_a_directory.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(not_a_directory))
    assert FastaReader(path).fetch("b") == b"GGNNaa"
