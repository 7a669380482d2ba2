"""Layouts of local copies."""

import pytest

from dna_mamba.alphabet import decode_bases
from dna_mamba.errors import InputError
from dna_mamba.evaluation.protocols.copies import read_task

ROWS = {"train": [("ACGT", "no"), ("GGG", "yes"), ("TT", "no")], "test": [("CC", "yes")]}


def two_tables(folder):
    (folder / "set" / "own").mkdir(parents=True)
    for side, rows in ROWS.items():
        text = "sequence,label\n" + "".join(f"{s},{label}\n" for s, label in rows)
        (folder / "set" / "own" / f"{side}.csv").write_text(text)


def one_table(folder):
    (folder / "set").mkdir()
    rows = [f"{label}\t{side}\t{s}\n" for side, rows in ROWS.items() for s, label in rows]
    (folder / "set" / "own.tsv").write_text("target\tsplit\ttext\n" + "".join(rows))


def folders(folder):
    for side, rows in ROWS.items():
        for number, (sequence, label) in enumerate(rows):
            place = folder / "set" / "own" / side / label
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number}.txt").write_text(sequence + "\n")


@pytest.mark.parametrize("make", [two_tables, one_table, folders])
def test_every_layout_is_read_alike(make, tmp_path):
    make(tmp_path)
    task = read_task(tmp_path, "set/own")
    assert task.classes == ("no", "yes") and task.test_labels.tolist() == [1]
    train = {(decode_bases(s), label) for s, label in zip(task.train, task.train_labels.tolist(), strict=True)}
    assert train == {("ACGT", 0), ("GGG", 1), ("TT", 0)} and [decode_bases(s) for s in task.test] == ["CC"]


def test_mistakes_name_what_is_wanted(tmp_path):
    with pytest.raises(InputError, match=r"no train rows of own; give own/train\.csv, own\.csv"):
        read_task(tmp_path, "own")
    (tmp_path / "own.csv").write_text("sequence,label,split\nAC,a,train\nCC,b,train\nGG,c,test\n")
    with pytest.raises(InputError, match="class 'c' is in test, not in train"):
        read_task(tmp_path, "own")
    (tmp_path / "own.csv").write_text("sequence,label,split\nAC,a,train\nCC,b,train\n")
    with pytest.raises(InputError, match="no row has split 'test'"):
        read_task(tmp_path, "own")
