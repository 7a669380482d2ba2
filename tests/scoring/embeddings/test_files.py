import json

import anndata
import numpy as np
import pandas
import pyarrow.parquet
import pytest

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval, Strand
from dna_mamba.io.fasta import FastaRecord
from dna_mamba.scoring import embed
from tests.worlds import random_sequence, small_model, write_fasta

REGIONS = [Interval("chr1", 0, 9), Interval("chr1", 20, 40, "b", Strand.REVERSE)]


@pytest.fixture
def places(tmp_path):
    """Regions, one vector each."""
    genome = write_fasta(tmp_path / "genome.fa", {"chr1": random_sequence(50)})
    return embed(genome, small_model(), regions=REGIONS)


@pytest.fixture
def positions():
    """Two sequences, a vector for every position."""
    records = [FastaRecord(name, "", random_sequence(n).encode()) for name, n in (("a", 3), ("b", 2))]
    return embed(records, small_model(), pool="none")


def check_labels(table):
    assert list(table["id"]) == ["chr1:1-9", "b"] and list(table["length"]) == [9, 20]
    assert list(table["chrom"]) == ["chr1", "chr1"] and list(table["strand"]) == [".", "-"]
    assert list(table["start"]) == [0, 20] and list(table["end"]) == [9, 40]


def test_frame(places, positions):
    frame = places.to_frame()
    check_labels(frame)
    np.testing.assert_array_equal(frame[places.channels].to_numpy(), places.embeddings)
    assert frame.attrs["metadata"] == places.metadata and frame["e0"].dtype == np.float32
    frame = positions.to_frame()
    assert list(frame["id"]) == list("aaabb") and list(frame["position"]) == [0, 1, 2, 0, 1]
    np.testing.assert_array_equal(frame[positions.channels].to_numpy(), positions.embeddings)


def test_parquet(places, positions, tmp_path):
    places.save(tmp_path / "p.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "p.parquet")
    check_labels(table.to_pydict())
    assert table.schema.field("embedding").type == pyarrow.list_(pyarrow.float32(), 32)
    assert json.loads(table.schema.metadata[b"dna_mamba"]) == places.metadata
    np.testing.assert_array_equal(np.stack(table["embedding"].to_numpy(zero_copy_only=False)), places.embeddings)
    positions.save(tmp_path / "n", output_type="parquet")
    rows = pandas.read_parquet(tmp_path / "n")
    assert list(rows["position"]) == [0, 1, 2, 0, 1]
    np.testing.assert_array_equal(np.stack(rows["embedding"]), positions.embeddings)


def test_anndata(places, positions, tmp_path):
    places.save(tmp_path / "a.h5ad")
    table = anndata.read_h5ad(tmp_path / "a.h5ad")
    check_labels(table.obs)
    assert list(table.obs_names) == ["chr1:1-9", "b"] and table.X.dtype == np.float32
    np.testing.assert_array_equal(table.X, places.embeddings)
    assert json.loads(table.uns["dna_mamba"]) == places.metadata
    for write in (positions.to_anndata, lambda: positions.save(tmp_path / "n.h5ad")):
        with pytest.raises(InputError, match="one vector a sequence"):
            write()
    assert {path.name for path in tmp_path.iterdir()} == {"a.h5ad", "genome.fa"}


def test_equal_ids_in_anndata():
    table = embed([FastaRecord("same", "", b"ACGT")] * 2, small_model()).to_anndata()
    assert list(table.obs_names) == ["0", "1"] and list(table.obs["id"]) == ["same", "same"]


def test_archive_of_positions_and_places(places, positions, tmp_path):
    positions.save(tmp_path / "n.npz")
    places.save(tmp_path / "p.npz")
    with np.load(tmp_path / "n.npz") as archive:
        assert archive["offsets"].tolist() == [0, 3, 5] and archive["embeddings"].shape == (5, 32)
    with np.load(tmp_path / "p.npz") as archive:
        assert archive["start"].tolist() == [0, 20] and archive["strand"].tolist() == [".", "-"]


def test_text_restores_every_bit(places, tmp_path):
    places.save(tmp_path / "t.tsv")
    metadata, header, *rows = (tmp_path / "t.tsv").read_text().splitlines()
    assert json.loads(metadata.removeprefix("##dna-mamba_embeddings=")) == places.metadata
    names = header.removeprefix("#").split("\t")
    assert names[:6] == ["id", "length", "chrom", "start", "end", "strand"] and names[6:] == places.channels
    vectors = np.array([row.split("\t")[6:] for row in rows], dtype=np.float32)
    np.testing.assert_array_equal(vectors, places.embeddings)


@pytest.mark.parametrize("name", ["a.npz", "a.parquet", "a.tsv", "a.h5ad"])
def test_old_files_are_kept_and_equal_runs_are_equal_bytes(places, tmp_path, name):
    places.save(tmp_path / name)
    places.save(tmp_path / f"again.{name}")
    assert (tmp_path / name).read_bytes() == (tmp_path / f"again.{name}").read_bytes()
    with pytest.raises(InputError, match="exists already"):
        places.save(tmp_path / name)


def test_what_cannot_be_written(places, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"suffix '.csv' names no format"):
        places.save(tmp_path / "a.csv")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pyarrow is not installed; pip install 'dna-mamba\[tables\]'"):
        places.save(tmp_path / "a.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["genome.fa"]


def test_names_that_are_not_utf8(tmp_path):
    """Kept to the byte in text; formats whose text is UTF-8 get the replacement character."""
    result = embed([FastaRecord("caf\udce9", "", b"ACGTACGT")], small_model())
    for suffix in ("tsv", "npz", "parquet", "h5ad"):
        result.save(tmp_path / f"caf\udce9.{suffix}")
    assert (tmp_path / "caf\udce9.tsv").read_bytes().splitlines()[-1].startswith(b"caf\xe9\t8\t")
    with np.load(tmp_path / "caf\udce9.npz") as arrays:
        assert arrays["ids"].tolist() == ["caf\udce9"]
    with open(tmp_path / "caf\udce9.parquet", "rb") as file:
        assert pyarrow.parquet.read_table(file)["id"].to_pylist() == ["caf\ufffd"]
    assert list(anndata.read_h5ad(tmp_path / "caf\udce9.h5ad").obs_names) == ["caf\ufffd"]
