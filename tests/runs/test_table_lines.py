"""The table as Parquet: typed, and the text again when it is read."""

import io

import pyarrow
import pyarrow.parquet
import pytest

from dna_mamba.errors import InputError
from dna_mamba.runs import table_lines
from dna_mamba.runs.table_lines import parquet_lines, read_parquet_header, read_parquet_lines

HEADER = ["##about", "#chrom\tpos\tref\talt\tid\tstatus\tllr"]
ROWS = ["c\t5000000000\tA\tT\trs1\tOK\t-0.123456791", "c\t6\tG\t.\t.\t.\t.", "d\t7\tG\t<X>\tna\xefve\tSYMBOLIC\t."]


def write(path, rows, header=HEADER):
    with open(path, "wb") as stream, parquet_lines(stream, header, integers=("pos",), floats=("llr",)) as write_line:
        for row in rows:
            write_line(row)
    return path


@pytest.mark.parametrize("rows_a_group", [1, 2, 3, 100])
def test_a_table_reads_back_as_the_text(tmp_path, monkeypatch, rows_a_group):
    monkeypatch.setattr(table_lines, "_ROWS_A_GROUP", rows_a_group)
    path = write(tmp_path / "scores.parquet", ROWS)
    assert read_parquet_header(path) == HEADER
    assert list(read_parquet_lines(path)) == ROWS
    assert pyarrow.parquet.ParquetFile(path).num_row_groups == -(-3 // rows_a_group)


def test_columns_have_types(tmp_path):
    table = pyarrow.parquet.read_table(write(tmp_path / "scores.parquet", ROWS))
    types = [field.type for field in table.schema]
    assert types == [pyarrow.string(), pyarrow.int64(), *[pyarrow.string()] * 4, pyarrow.float32()]
    assert [field.name for field in table.schema if not field.nullable] == ["pos"]
    assert table["llr"].to_pylist()[1:] == [None, None] and table["alt"].to_pylist()[1] is None
    assert table["pos"].to_pylist() == [5_000_000_000, 6, 7]


def test_a_table_without_rows(tmp_path):
    path = write(tmp_path / "none.parquet", [])
    assert read_parquet_header(path) == HEADER and list(read_parquet_lines(path)) == []


def test_bytes_that_are_not_utf8(tmp_path):
    path = write(tmp_path / "a.parquet", [ROWS[0].replace("rs1", "\udcff")], ["##\udcfe", HEADER[-1]])
    assert next(iter(read_parquet_lines(path))) == ROWS[0].replace("rs1", "\ufffd")
    assert read_parquet_header(path)[0] == "##\ufffd"


def test_damage_is_named(tmp_path):
    path = write(tmp_path / "scores.parquet", [ROWS[0].replace("rs1", f"rs{i * i}") for i in range(3000)])
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 3] ^= 255
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=r"scores\.parquet: damaged"):
        list(read_parquet_lines(path))


def test_other_files_are_not_tables_of_scores(tmp_path):
    path = tmp_path / "other.parquet"
    path.write_bytes(b"PAR1 and no more PAR1")
    with pytest.raises(InputError, match=r"other\.parquet: is not a Parquet table of this program"):
        read_parquet_header(path)
    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), path)
    with pytest.raises(InputError, match=r"other\.parquet: is not a Parquet table of this program"):
        read_parquet_header(path)


def test_without_pyarrow(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"dna-mamba\[tables\]"), parquet_lines(io.BytesIO(), HEADER):
        pass
