"""Rows of every kind of input, in order, those without letters too."""

import pytest

from dna_mamba.errors import InputError
from dna_mamba.inference.sequence_source import SequenceSource
from dna_mamba.io.fasta import FastaReader
from dna_mamba.scoring.predictions.rows import IntervalRows, SequenceRows, TableRows
from dna_mamba.scoring.predictions.status import RowStatus
from tests.worlds import write_fasta


def test_records_of_a_file_and_regions_of_a_genome(tmp_path):
    path = write_fasta(tmp_path / "a.fa", {"x": "ACGT", "y": ""})
    rows = SequenceRows(SequenceSource(path))
    assert [(row.id, row.letters) for row in rows] == [("x", b"ACGT"), ("y", b"")] and not rows.has_places
    assert list(rows) == list(rows)
    places = SequenceRows(SequenceSource(FastaReader(path), ["x:2-3"]))
    assert [(row.id, row.letters) for row in places] == [("x:2-3", b"CG")] and places.has_places


def test_a_table_has_its_names_or_is_counted(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("name,sequence\nb,ACGT\nb,\n")
    assert [(row.id, row.letters) for row in TableRows(path)] == [("1", b"ACGT"), ("2", b"")]
    assert [row.id for row in TableRows(path, id_column="name")] == ["b", "b"]
    assert [row.letters for row in TableRows(path, "name")] == [b"b", b"b"]
    with pytest.raises(InputError, match="no column 'dna'"):
        list(TableRows(path, "dna"))
    path.write_text("id\tsequence\n")
    assert list(TableRows(path)) == []


def test_intervals_are_cut_at_the_end_and_turned_by_their_strand(tmp_path):
    genome = FastaReader(write_fasta(tmp_path / "g.fa", {"c": "AACCGGT"}))
    bed = tmp_path / "i.bed"
    bed.write_text("c\t1\t4\nc\t1\t4\tn\t0\t-\nc\t5\t99\nc\t7\t9\nd\t0\t1\nc\t2\t2\n")
    rows = list(IntervalRows(bed, genome))
    assert [(row.id, row.letters, str(row.status)) for row in rows] == [
        ("c:2-4", b"ACC", "OK"),
        ("n", b"GGT", "OK"),
        ("c:6-99", b"GT", "EDGE_PADDED"),
        ("c:8-9", b"", "OFF_CONTIG"),
        ("d:1-1", b"", "NO_CONTIG"),
        ("c:3-2", b"", "OK"),
    ]
    assert all(row.place is not None for row in rows) and rows[0].status is RowStatus.OK


def test_facts_tell_inputs_apart(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("id\tsequence\nx\tACGT\n")
    facts = TableRows(path).facts()
    assert TableRows(path, id_column="sequence").facts() != facts
    path.write_text("id\tsequence\nx\tACGA\n")
    assert TableRows(path).facts() != facts
