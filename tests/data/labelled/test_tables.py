import gzip
import re

import numpy as np
import pytest

from dna_mamba.alphabet import decode_bases
from dna_mamba.data.labelled.tables import read_table
from dna_mamba.errors import InputError

ROWS = "sequence\tlabel\nACGTNR\tyes\nacgTTT\tno\nGGGG\tyes\n"


def written(tmp_path, text, name="data.tsv"):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def test_rows_are_read_in_order(tmp_path):
    found = read_table(written(tmp_path, ROWS))
    assert [decode_bases(codes) for codes in found.sequences] == ["ACGTNN", "acgTTT", "GGGG"]
    assert (found.ids, found.labels.tolist(), found.names) == (["1", "2", "3"], [1, 0, 1], ("no", "yes"))
    assert found.place(1).endswith("data.tsv:3")


@pytest.mark.parametrize("name", ["data.tsv.gz", "data.csv", "data.parquet", "windows.tsv", "quoted.csv"])
def test_the_same_rows_in_any_format_have_one_fingerprint(tmp_path, name):
    plain = read_table(written(tmp_path, ROWS))
    text = ROWS
    if name == "data.csv":
        text = ROWS.replace("\t", ",")
    elif name == "quoted.csv":
        text = "\n".join(",".join(f'"{cell}"' for cell in line.split("\t")) for line in ROWS.splitlines())
    elif name == "windows.tsv":
        text = "\ufeff" + ROWS.replace("\n", "\r\n")
    path = tmp_path / name
    if name == "data.parquet":
        import pandas as pd

        header, *rows = [line.split("\t") for line in ROWS.splitlines()]
        pd.DataFrame(rows, columns=header).to_parquet(path)
    else:
        path = written(tmp_path, text, name)
    found = read_table(path)
    assert (found.sha256, found.ids, found.names) == (plain.sha256, plain.ids, plain.names)


@pytest.mark.parametrize(("old", "new"), [("GGGG", "GGGC"), ("GGGG\tyes", "GGGG\tno"), ("acg", "ACG")])
def test_another_letter_or_label_is_another_fingerprint(tmp_path, old, new):
    plain, other = (read_table(written(tmp_path, text)).sha256 for text in (ROWS, ROWS.replace(old, new)))
    assert plain != other


def test_columns_of_any_name(tmp_path):
    text = "seq,y,fold,gene,name\nACGT,0.5,1,a,r1\nCCCC,1.5,2,b,r2\n"
    found = read_table(
        written(tmp_path, text, "d.csv"),
        sequence_column="seq",
        label_columns=["y"],
        id_column="name",
        fold_column="fold",
        group_column="gene",
    )
    assert (found.ids, found.folds, found.groups) == (["r1", "r2"], ["1", "2"], ["a", "b"])
    np.testing.assert_array_equal(found.labels, [[0.5], [1.5]])


def test_ids_that_repeat_are_refused_where_they_were_asked_for_and_replaced_with_a_note_otherwise(tmp_path):
    path = written(tmp_path, "id\tsequence\tlabel\nx\tAC\t0\nx\tGT\t1\n")
    found = read_table(path)
    assert found.ids == ["1", "2"]
    assert any("called by number" in note for note in found.notes)
    with pytest.raises(InputError, match=re.escape(f"{path}:3: id 'x' is that of {path}:2 too")):
        read_table(path, id_column="id")


def test_rows_are_taken_with_all_that_belongs_to_them(tmp_path):
    text = "id\tsequence\tlabel\tg\na\tAC\t0\tx\nb\tGT\t1\ty\nc\tTT\t1\tz\n"
    found = read_table(written(tmp_path, text), group_column="g").take(np.array([2, 0]))
    assert (found.ids, found.groups, found.labels.tolist()) == (["c", "a"], ["z", "x"], [1, 0])
    assert [decode_bases(codes) for codes in found.sequences] == ["TT", "AC"]
    assert found.place(0).endswith(":4")


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        ("seq\tlabel\nACGT\t1\n", {}, "no column 'sequence'; choose with --sequence-column among 'seq', 'label'"),
        ("Sequence\tlabel\nACGT\t1\n", {}, "give --sequence-column 'Sequence'"),
        ("sequence\ty\nACGT\t1\n", {}, "no column 'label'; choose with --label"),
        ("ACGTACGTAC\t1\nACGTACGTAA\t0\n", {}, "the first line holds a sequence, not the names of the columns"),
        (ROWS.replace("GGGG\tyes", "GGGG"), {}, "data.tsv:4: 1 columns, the first line has 2"),
        (ROWS.replace("GGGG", "GG-G"), {}, "data.tsv:4: '-' at offset 2"),
        (ROWS.replace("GGGG", "GG GG"), {}, "data.tsv:4: ' ' at offset 2"),
        (ROWS.replace("GGGG", "MKLE"), {}, "data.tsv:4: 'L' at offset 2"),
        (ROWS.replace("GGGG", ""), {}, "data.tsv:4: column 'sequence' is empty"),
        ("sequence\tlabel\nMKVHKD\t1\nMMKSWY\t0\n", {}, "are ambiguity codes, as in protein"),
        ("sequence\tlabel\tlabel\nA\t1\t2\n", {}, "data.tsv:1: column 'label' appears twice"),
        ("sequence;label\nA;1\n", {}, "data.tsv:1: columns are separated by ';'"),
        (">r1\nACGT\n", {}, "is FASTA, which holds no labels"),
        ("", {}, "is empty"),
        ("sequence\tlabel\n", {}, "has no rows after its header"),
        (ROWS, {"group_column": "gene"}, "no column 'gene'; choose with --group"),
        (ROWS, {"fold_column": "fold"}, "no column 'fold'; choose with --fold-column"),
        (ROWS, {"id_column": "name"}, "no column 'name'; choose with --id-column"),
        ("sequence\tlabel\tg\nA\t1\tx\nC\t0\t\n", {"group_column": "g"}, "data.tsv:3: column 'g' is empty"),
        ('sequence\tlabel\n"A\t1\n', {}, "data.tsv:2: quotes do not match"),
    ],
)
def test_mistakes_are_one_line_that_names_the_place(tmp_path, text, options, told):
    with pytest.raises(InputError, match=re.escape(told)) as error:
        read_table(written(tmp_path, text), **options)
    assert "\n" not in str(error.value) and error.value.remedy
    assert "data.tsv" in str(error.value)


def test_damaged_parquet_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="damaged Parquet"):
        read_table(written(tmp_path, "PAR1 and no more", "data.parquet"))


def test_a_long_quoted_sequence_is_read(tmp_path):
    text = f'sequence,label\n"{"ACGT" * 50_000}",1\n"AC",0\n'
    assert len(read_table(written(tmp_path, text, "d.csv")).sequences[0]) == 200_000
