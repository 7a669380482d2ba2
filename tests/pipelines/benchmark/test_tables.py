"""Sets as distributed become one kind of table."""

import gzip

import pytest

from dna_mamba.errors import InputError
from pipelines.benchmark.plan import Limit, TaskSet
from pipelines.benchmark.tables import TableRow, sampled, write_table

ABOUT = {"name": "own", "title": "Own", "source": "own", "metric": "auroc"}


def lines_of(task_set, tmp_path):
    target = tmp_path / "data.tsv"
    n = write_table(task_set, tmp_path, target)
    head, *lines = target.read_text().splitlines()
    assert head == "id\tsequence\tlabel" and n == len(lines)
    return lines


def test_fasta_files_of_classes(tmp_path):
    (tmp_path / "a.fa").write_bytes(b">one\r\nAC\r\nGT\r\n>one\r\nGG\r\n")
    (tmp_path / "b.fa.gz").write_bytes(gzip.compress(b"> 12\nTTT\n"))
    task_set = TaskSet(**ABOUT, classes={"yes": ("a.fa", "b.fa.gz"), "no": ("b.fa.gz",)})
    assert lines_of(task_set, tmp_path) == ["yes/1\tACGT\tyes", "yes/2\tGG\tyes", "yes/3\tTTT\tyes", "no/1\tTTT\tno"]


def test_columns_of_other_names(tmp_path):
    (tmp_path / "t.csv").write_text("y,x\n0.5,ACG\n-1,UUU\n")
    task_set = TaskSet(**ABOUT, table="t.csv", sequence="x", label="y")
    assert lines_of(task_set, tmp_path) == ["1\tACG\t0.5", "2\tUUU\t-1"]


def test_mean_bins_are_weighted_by_reads_and_rows_without_reads_are_left_out(tmp_path):
    (tmp_path / "t.csv").write_text("c0,c1,c2,x\n1,0,3,AC\n0,0,0,GG\n0,2,0,TT\n")
    task_set = TaskSet(**ABOUT, table="t.csv", sequence="x", bins={"columns": ("c0", "c1", "c2")})
    assert lines_of(task_set, tmp_path) == ["1\tAC\t1.5", "3\tTT\t1"]


@pytest.mark.parametrize(("cell", "said"), [("-1", "below 0"), ("many", "not numbers")])
def test_counts_that_are_none_are_refused_where_they_stand(tmp_path, cell, said):
    (tmp_path / "t.csv").write_text(f"c0,c1,x\n1,2,AC\n1,{cell},GG\n")
    task_set = TaskSet(**ABOUT, table="t.csv", sequence="x", bins={"columns": ("c0", "c1")})
    with pytest.raises(InputError, match=rf"t\.csv:3: .*{said}"):
        lines_of(task_set, tmp_path)


def test_a_sample_is_the_same_each_time_and_in_order():
    rows = [TableRow(f"{number:03}", "A", "x") for number in range(100)]
    chosen = sampled(rows, 10)
    assert chosen == sampled(rows, 10) == sorted(chosen) and len(set(chosen)) == 10
    assert sampled(rows, 100) is rows


def test_a_limit_takes_fewer_rows(tmp_path):
    (tmp_path / "t.csv").write_text("label,sequence\n" + "".join(f"x,{'ACGT' * (1 + n % 3)}\n" for n in range(60)))
    task_set = TaskSet(**ABOUT, table="t.csv")
    assert write_table(task_set, tmp_path, tmp_path / "all.tsv") == 60
    assert write_table(task_set, tmp_path, tmp_path / "few.tsv", Limit(max_bp=240)) == 30
    few, everything = ((tmp_path / name).read_text().splitlines() for name in ("few.tsv", "all.tsv"))
    assert len(few) == 31 and set(few) < set(everything)
