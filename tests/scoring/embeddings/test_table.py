"""Vectors with their labels, made by hand."""

import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval, Strand
from dna_mamba.scoring import Embeddings
from dna_mamba.scoring.embeddings.table import region_columns

REGIONS = (Interval("c", 0, 3), Interval("d", 7, 9, "x", Strand.REVERSE))


def by_hand(**more):
    vectors = np.arange(4, dtype=np.float32).reshape(2, 2)
    return Embeddings(("a", "b"), np.array([3, 2]), vectors, {"layer": "1 of 1"}, **more)


def rows_of_positions():
    vectors = np.arange(10, dtype=np.float32).reshape(5, 2)
    return Embeddings(("a", "b"), np.array([3, 2]), vectors, {}, np.array([0, 3, 5]), REGIONS)


def columns_of(table):
    return {name: column.tolist() for name, column in table.columns().items()}


def test_a_row_for_each_sequence():
    assert columns_of(by_hand()) == {"id": ["a", "b"], "length": [3, 2]}
    assert by_hand().channels == ["e0", "e1"]


def test_places_are_0_based_half_open():
    expected = {"chrom": ["c", "d"], "start": [0, 7], "end": [3, 9], "strand": [".", "-"]}
    assert {name: column.tolist() for name, column in region_columns(REGIONS).items()} == expected
    assert columns_of(by_hand(regions=REGIONS)) == {"id": ["a", "b"], "length": [3, 2], **expected}
    assert region_columns(REGIONS)["start"].dtype == np.int64


def test_a_row_for_each_position():
    columns = columns_of(rows_of_positions())
    assert columns["id"] == list("aaabb") and columns["start"] == [0, 0, 0, 7, 7]
    assert columns["position"] == [0, 1, 2, 0, 1]
    with pytest.raises(InputError, match="AnnData holds one vector a sequence"):
        rows_of_positions().to_anndata()


def test_archives_hold_sequences_not_rows(tmp_path):
    rows_of_positions().save(tmp_path / "n.npz")
    with np.load(tmp_path / "n.npz", allow_pickle=False) as archive:
        assert archive["ids"].tolist() == ["a", "b"] and archive["offsets"].tolist() == [0, 3, 5]
        assert archive["embeddings"].shape == (5, 2) and archive["end"].tolist() == [3, 9]


def test_saving_by_suffix_or_by_choice(tmp_path):
    table = by_hand()
    table.save(tmp_path / "a.tsv")
    table.save(tmp_path / "b", output_type="tsv")
    assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b").read_bytes()
    with pytest.raises(InputError, match="exists already"):
        table.save(tmp_path / "a.tsv")
    by_hand(regions=REGIONS).save(tmp_path / "a.tsv", force=True)
    assert (tmp_path / "a.tsv").read_bytes() != (tmp_path / "b").read_bytes()
    with pytest.raises(InputError, match="one vector a sequence"):
        rows_of_positions().save(tmp_path / "n.h5ad")
