"""What comes out of a store is what went in, wherever it is cut."""

import pickle
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dna_mamba.data.genomes import genome_of, load_genomes, part_of
from dna_mamba.data.store import GenomeStore, find_sources, pack_genomes, writer
from dna_mamba.errors import InputError
from tests.data.store.genomes import LETTERS, packed_store, write_fasta


@settings(max_examples=40)
@given(
    contigs=st.lists(LETTERS, min_size=1, max_size=5),
    batch_bp=st.sampled_from([8, 64, 1 << 22]),
    cuts=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=3, max_size=10),
)
def test_letters_come_back_and_windows_are_slices_of_the_genome(
    tmp_path_factory: pytest.TempPathFactory, contigs: list[str], batch_bp: int, cuts: list[tuple[int, int]]
) -> None:
    directory = tmp_path_factory.mktemp("store")
    named = {f"c{i}": letters for i, letters in enumerate(contigs)}
    with mock.patch.object(writer, "_BATCH_BP", batch_bp):
        store = packed_store(directory, {"g": named})
    whole = load_genomes([directory / "g.fa"])
    assert list(store) == [f"g:{name}" for name in named]
    for name, letters in named.items():
        contig = store[f"g:{name}"]
        assert contig.letters(0, len(contig)).decode() == letters
        np.testing.assert_array_equal(contig[:], whole[name])
        for start, end in cuts:
            np.testing.assert_array_equal(contig[start:end], whole[name][start:end])
            shorter = max(start, min(end, len(letters)))
            assert contig.letters(min(start, len(letters)), min(shorter, len(letters))).decode() == letters[start:end]
    store.verify()


def test_runs_are_found_from_any_block_of_a_long_contig(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    letters = rng.choice(list("ACGTacgt"), 40_000)
    for start in rng.integers(0, 39_000, 30):
        letters[start : start + rng.integers(1, 3000)] = rng.choice(list("NnRyU"))
    text = "".join(letters)
    store = packed_store(tmp_path, {"g": {"short": "ACG", "long": text, "last": "NNN"}})
    whole = load_genomes([tmp_path / "g.fa"])["long"]
    contig = store["g:long"]
    for start in rng.integers(0, 40_000, 400).tolist():
        for length in (1, 7, 1024, 5000):
            np.testing.assert_array_equal(contig[start : start + length], whole[start : start + length])
    assert store["g:last"].letters(0, 3) == b"NNN"


def test_genomes_contigs_and_parts_of_them(tmp_path: Path) -> None:
    store = packed_store(tmp_path, {"b": {"chr1": "ACGTACGTAC", "chr2": ""}, "a": {"chr1": "ggggNNNN"}})
    assert list(store) == ["b:chr1", "b:chr2", "a:chr1"] and len(store) == 3
    assert [genome_of(store, chrom) for chrom in store] == ["b", "b", "a"]
    assert [len(contig) for contig in store.values()] == [10, 0, 8]
    part = part_of(store["a:chr1"], 2, 6)
    assert len(part) == 4 and part[1:].tolist() == [10, 4, 4] and part[:-1].tolist() == [10, 10, 4]
    assert store["b:chr2"][:].tolist() == []
    with pytest.raises(KeyError):
        store["chr1"]
    with pytest.raises(ValueError, match="steps of 2"):
        store["b:chr1"][::2]


def test_a_store_goes_to_another_process_as_its_path(tmp_path: Path) -> None:
    store = packed_store(tmp_path, {"g": {"c": "ACGTNacgt" * 50}})
    sent = pickle.dumps(store)
    assert len(sent) < 500
    assert pickle.loads(sent)["g:c"][3:9].tolist() == store["g:c"][3:9].tolist()


def test_a_window_of_a_contig_past_two_to_the_31_is_found(tmp_path: Path) -> None:
    """The files of such a store are sparse here: their holes read as zeros."""
    store = packed_store(tmp_path, {"g": {"c": "acgtTTNN"}})
    shift = 1 << 29
    for name, n_bytes in (("bases.bin", 8), ("soft_mask.bin", 4)):
        path = tmp_path / "store" / name
        content = path.read_bytes()
        with open(path, "r+b") as file:
            file.truncate(shift * n_bytes // 4)
            file.seek(0, 2)
            file.write(content)
    contig = type(store["g:c"])(reopened(store), 0, 4 * shift * 2 + 8)
    assert contig[4 * shift * 2 :].tolist() == [8, 9, 10, 11, 3, 3, 0, 0]


def reopened(store: GenomeStore) -> object:
    words = np.memmap(store.path / "bases.bin", dtype="<u2", mode="r")
    mask = np.memmap(store.path / "soft_mask.bin", dtype=np.uint8, mode="r")
    return (words, mask, None)


def test_altered_files_are_named(tmp_path: Path) -> None:
    store = packed_store(tmp_path, {"g": {"c": "ACGTNacgt" * 50}})
    path = store.path / "bases.bin"
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content)
    again = GenomeStore(store.path)
    with pytest.raises(InputError, match=r"bases\.bin: was altered"):
        again.verify()
    path.write_bytes(content[:-1])
    with pytest.raises(InputError, match=r"bases\.bin: has 113 bytes, not 114"):
        GenomeStore(store.path)
    path.unlink()
    with pytest.raises(InputError, match=r"bases\.bin: is missing"):
        GenomeStore(store.path)


def test_an_altered_table_of_contigs_is_refused_at_once(tmp_path: Path) -> None:
    store = packed_store(tmp_path, {"g": {"c": "ACGT"}})
    path = store.path / "contigs.tsv"
    path.write_bytes(path.read_bytes().replace(b"\t4", b"\t5"))
    with pytest.raises(InputError, match=r"contigs\.tsv: was altered"):
        GenomeStore(store.path)


def test_a_hundred_thousand_contigs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    letters = "".join(rng.choice(list("ACGTn"), 100_300))
    contigs = {f"scaffold_{i}": letters[i : i + i % 300] for i in range(100_000)}
    write_fasta(tmp_path / "draft.fa", contigs, width=500)
    pack_genomes(find_sources([tmp_path / "draft.fa"]), tmp_path / "store")
    store = GenomeStore(tmp_path / "store")
    assert len(store) == 100_000
    for i in (0, 1, 299, 54_321, 99_999):
        assert store[f"draft:scaffold_{i}"].letters(0, i % 300).decode() == contigs[f"scaffold_{i}"]
