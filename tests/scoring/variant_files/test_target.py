"""Parquet beside the text table, indexes, and what a target can be."""

import pysam
import pytest

from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader
from dna_mamba.scoring.variant_files.job import ScoreJob
from dna_mamba.scoring.variant_files.parquet import read_parquet_header, read_parquet_lines
from dna_mamba.scoring.variant_files.target import Target, open_output
from tests.worlds import CONTEXT_BP, random_sequence, small_model, write_fasta, write_vcf

SEQUENCE = random_sequence(120)
HEADER = ["##about", "#chrom\tpos\tref\talt\tid\tstatus\tllr"]
ROWS = ["c\t5000000000\tA\tT\trs1\tOK\t-0.123456791", "c\t6\tG\t.\t.\t.\t.", "d\t7\tG\t<X>\tna\xefve\tSYMBOLIC\t."]


def test_a_parquet_table_reads_back_as_the_text(tmp_path):
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "scores.parquet"
    with open_output(Target(path), HEADER) as write:
        for row in ROWS:
            write(row)
    assert read_parquet_header(path) == HEADER
    assert list(read_parquet_lines(path)) == ROWS
    table = pyarrow.parquet.read_table(path)
    assert table.schema.field("llr").type == pyarrow.float32() and table.schema.field("pos").type == pyarrow.int64()
    assert table["llr"].to_pylist()[1:] == [None, None] and table["alt"].to_pylist()[1] is None


def test_parquet_of_bytes_that_are_no_utf8(tmp_path):
    with open_output(Target(tmp_path / "a.parquet"), HEADER) as write:
        write(ROWS[0].replace("rs1", "\udcff"))
    assert "\ufffd" in next(iter(read_parquet_lines(tmp_path / "a.parquet")))


def test_a_damaged_parquet_is_named(tmp_path):
    path = tmp_path / "scores.parquet"
    with open_output(Target(path), HEADER) as write:
        for i in range(3000):
            write(ROWS[0].replace("rs1", f"rs{i * i}"))
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 3] ^= 255
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=r"scores\.parquet: damaged"):
        list(read_parquet_lines(path))
    path.write_bytes(b"PAR1 and no more PAR1")
    with pytest.raises(InputError, match="not a Parquet table of scores"):
        read_parquet_header(path)


def test_parquet_without_pyarrow_is_refused_before_the_work(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"dna-mamba\[tables\]"):
        Target(tmp_path / "out.parquet").check()


@pytest.fixture
def reference(tmp_path):
    return FastaReader(write_fasta(tmp_path / "g.fa", {"c": SEQUENCE}))


def variants(tmp_path, places):
    header = ("##fileformat=VCFv4.3", f"##contig=<ID=c,length={len(SEQUENCE)}>")
    header += (
        '##INFO=<ID=AC,Number=A,Type=Integer,Description="x">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">',
    )
    rows = [("c", pos, SEQUENCE[pos - 1], "ACGT".replace(SEQUENCE[pos - 1], "")[0]) for pos in places]
    return write_vcf(
        tmp_path / "in.vcf", rows, (*header, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tsample")
    )


@pytest.mark.parametrize(("name", "suffix"), [("out.vcf.gz", ".tbi"), ("out.bcf", ".csi")])
def test_an_index_beside_the_output(tmp_path, reference, name, suffix):
    path = variants(tmp_path, range(40, 60))
    target = Target(tmp_path / name, write_index=True)
    target.check()
    ScoreJob(path, reference, small_model(), context_bp=CONTEXT_BP).run(target)
    assert (tmp_path / (name + suffix)).exists()
    with pysam.VariantFile(str(tmp_path / name)) as records:
        assert [record.pos for record in records.fetch("c", 49, 51)] == [50, 51]


def test_an_unsorted_file_is_refused_an_index_before_the_work(tmp_path, reference):
    path = variants(tmp_path, [50, 40, 60])
    job = ScoreJob(path, reference, small_model(), context_bp=CONTEXT_BP)
    assert job.survey().unsorted == "c:40"
    target = Target(tmp_path / "out.vcf.gz", write_index=True)
    with pytest.raises(InputError, match="not sorted at c:40"):
        job.run(target)
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize("path", ["-", "out.vcf", "out.tsv.gz", "out.parquet", "/dev/null"])
def test_what_has_no_index(path):
    with pytest.raises(InputError, match="--write-index"):
        Target(path, "z" if path == "/dev/null" else None, write_index=True).check()
