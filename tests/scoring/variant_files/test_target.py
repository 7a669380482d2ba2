"""Indexes, and what a target can be."""

import pysam
import pytest

from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader
from dna_mamba.scoring.variant_files.job import ScoreJob
from dna_mamba.scoring.variant_files.target import Layout, Target
from dna_mamba.scoring.variants.scores import columns_of, find_scores
from tests.worlds import CONTEXT_BP, random_sequence, small_model, write_fasta, write_vcf

SEQUENCE = random_sequence(120)



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


def test_a_header_gets_the_definitions_of_its_scores_and_keeps_all_else():
    """A FORMAT of the same ID is another thing; an INFO of the same ID is what an earlier run wrote."""
    layout = Layout(columns_of(find_scores(["llr"])), 512)
    form = '##FORMAT=<ID=DM_LLR,Number=1,Type=Float,Description="of a sample">'
    earlier = '##INFO=<ID=DM_LLR,Number=A,Type=Float,Description="of another model">'
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    for before in ([form], [form, earlier], [earlier, form]):
        header = layout.header("records", ["##fileformat=VCFv4.3", *before, columns], ["##ours=1"])
        assert header[0] == "##fileformat=VCFv4.3" and header[-1] == columns and "##ours=1" in header
        assert form in header and earlier not in header
        info = [line.split(",")[0] for line in header if line.startswith("##INFO")]
        assert info == ["##INFO=<ID=DM_LLR", "##INFO=<ID=DM_STATUS"]
    table = layout.header("table", ["##fileformat=VCFv4.3", form, columns], ["##ours=1"])
    assert table[0] == "##ours=1" and form not in table and table[-1].startswith("#chrom\tpos")
