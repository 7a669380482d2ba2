import sys

import pytest
from click.testing import CliRunner

from dna_mamba.cli.demo import CODING, GENOME, VARIANTS
from dna_mamba.cli.main import cli
from dna_mamba.io.bed import read_bed
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.vcf import VcfReader
from dna_mamba.scoring.variant_files.read import read_scores


@pytest.fixture
def demo(packaged_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(cli, ["demo", "-m", "minute", "--threads", "1", *words])


def test_a_table_a_vcf_and_a_figure(demo, tmp_path):
    result = demo()
    assert result.exit_code == 0
    scores = [s for s in read_scores(tmp_path / "dna-mamba-demo" / "scores.vcf") if s.llr is not None]
    assert len(scores) == 400
    scores = [s for s in scores if s.variant.is_snv]
    lowest = min(scores, key=lambda score: score.llr)
    first_row = result.stdout.splitlines()[4].split()
    assert first_row[0] == f"chrI:{lowest.variant.pos:,}"
    assert first_row[1] == f"{lowest.variant.ref}>{lowest.variant.alt}"
    assert float(first_row[3]) == pytest.approx(lowest.llr, abs=6e-4)
    assert "400 records in and out, 400 alleles, 400 scored" in result.stderr
    assert (tmp_path / "dna-mamba-demo" / "variants.png").read_bytes().startswith(b"\x89PNG")


def test_a_second_demo_and_one_without_matplotlib(demo, tmp_path, monkeypatch):
    assert demo("-o", "mine").exit_code == 0
    kept = (tmp_path / "mine" / "scores.vcf").read_bytes()
    refused = demo("-o", "mine")
    assert refused.exit_code == 2
    assert "exists already" in refused.stderr
    (tmp_path / "mine" / "variants.png").unlink()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = demo("-o", "mine", "--force")
    assert result.exit_code == 0
    assert "no figure: a figure needs matplotlib, which is not installed" in result.stderr
    assert "figure" not in result.stdout
    assert (tmp_path / "mine" / "scores.vcf").read_bytes() == kept


def test_the_assets_belong_together():
    genome = FastaReader(GENOME)
    records = list(VcfReader(VARIANTS))
    assert len(records) == 400
    assert all(genome.fetch(r.chrom, r.pos - 1, r.pos - 1 + len(r.ref)).decode() == r.ref for r in records)
    genes = list(read_bed(CODING))
    assert all(0 <= gene.start < gene.end <= genome.length(gene.chrom) for gene in genes)
    starts = [genome.fetch("chrI", g.start, g.start + 3).decode() for g in genes if g.strand == "+"]
    assert starts.count("ATG") >= 0.95 * len(starts)
