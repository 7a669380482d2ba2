import numpy as np
import pytest
from click.testing import CliRunner

import dna_mamba
from dna_mamba.checkpoints import PackagedModel, save_model
from dna_mamba.cli.main import cli
from dna_mamba.scoring import saturation_mutagenesis
from tests.worlds import random_sequence, small_model, write_fasta, write_vcf

SEQUENCE = random_sequence(200)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_fasta(tmp_path / "genome.fa", {"c": SEQUENCE, "d": SEQUENCE[:60]})
    (tmp_path / "two.bed").write_text("d\t50\t60\nc\t0\t4\n")
    save_model(small_model("post-hoc"), tmp_path / "model")
    return tmp_path


def ism(*words):
    return CliRunner().invoke(cli, ["ism", "-m", "model", "--context", "21", "--threads", "1", *words])


def table(text):
    lines = [line for line in text.splitlines() if not line.startswith("##")]
    assert lines[0] == "#chrom\tpos\tref\talt\tllr\tp_ref\tp_alt\tentropy"
    return [line.split("\t") for line in lines[1:]]


def test_the_scores_that_score_gives(here):
    assert ism("-f", "genome.fa", "-r", "c:95-110", "-o", "out.tsv").exit_code == 0
    rows = table((here / "out.tsv").read_text())
    assert len(rows) == 48
    write_vcf(here / "in.vcf", [(row[0], int(row[1]), row[2], row[3]) for row in rows])
    words = ["score", "-m", "model", "-f", "genome.fa", "--context", "21", "--threads", "1", "in.vcf", "-o", "vcf.tsv"]
    assert CliRunner().invoke(cli, words).exit_code == 0
    header, *scored = [line for line in (here / "vcf.tsv").read_text().splitlines() if not line.startswith("##")]
    column = header.split("\t").index("llr")
    expected = [float(line.split("\t")[column]) for line in scored]
    np.testing.assert_allclose([float(row[4]) for row in rows], expected, atol=1e-5)


@pytest.mark.parametrize("scores", ["llr", "wt-llr"])
def test_regions_of_a_bed_in_its_order(here, scores):
    result = ism("-f", "genome.fa", "-R", "two.bed", "--scores", scores)
    assert result.exit_code == 0
    rows = table(result.stdout)
    assert [(row[0], int(row[1])) for row in rows[::3]] == [
        *(("d", pos) for pos in range(51, 61)),
        *(("c", pos) for pos in range(1, 5)),
    ]
    expected = saturation_mutagenesis("d:51-60", "genome.fa", "model", scores=scores, context_bp=21).columns()
    np.testing.assert_allclose([float(row[4]) for row in rows[:30]], expected["llr"], atol=1e-5)
    assert "mutated 14 sites" in result.stderr


def test_sequences_of_their_own(here):
    assert ism("genome.fa", "-o", "out.tsv.gz").exit_code == 0
    import gzip

    rows = table(gzip.decompress((here / "out.tsv.gz").read_bytes()).decode())
    assert len(rows) == 3 * 260 and {row[0] for row in rows} == {"c", "d"}


def test_provenance_and_equal_bytes(here):
    assert ism("-f", "genome.fa", "-r", "c:1-5", "-o", "a.tsv").exit_code == 0
    lines = (here / "a.tsv").read_text().splitlines()
    assert lines[0] == f"##dna-mamba_ismVersion={dna_mamba.__version__}"
    assert f"weights_sha256={PackagedModel('model', here / 'model').sha256}" in lines[1]
    for name in ("b.tsv", "c.tsv"):
        assert ism("-f", "genome.fa", "-r", "c:1-5", "-o", name, "--no-version").exit_code == 0
    assert (here / "b.tsv").read_bytes() == (here / "c.tsv").read_bytes()
    assert (here / "b.tsv").read_text().splitlines() == lines[2:]


@pytest.mark.parametrize(("name", "magic"), [("f.png", b"\x89PNG"), ("f.svg", b"<?xml")])
def test_a_figure(here, name, magic):
    pytest.importorskip("matplotlib")
    result = ism("-f", "genome.fa", "-r", "c:91-110", "-o", "out.tsv", "--figure", name)
    assert result.exit_code == 0 and f"figure: {name}" in result.stderr
    assert (here / name).read_bytes().startswith(magic)
    assert len(table((here / "out.tsv").read_text())) == 60


@pytest.mark.parametrize(("scores", "positions"), [("llr", 21 * 10), ("wt-llr", 10 + 10 + 5)])
def test_an_estimate_writes_nothing(here, scores, positions):
    result = ism("-f", "genome.fa", "-r", "c:6-15", "-o", "out.tsv", "--dry-run", "--scores", scores)
    facts = dict(line.split("\t") for line in result.stdout.splitlines())
    assert (int(facts["sites"]), int(facts["positions"])) == (10, positions)
    assert float(facts["seconds"]) > 0 and not (here / "out.tsv").exists()


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ([], "give either SEQ.fa"),
        (["genome.fa", "-f", "genome.fa", "-r", "c"], "give either SEQ.fa"),
        (["-f", "genome.fa"], "give -r or -R"),
        (["genome.fa", "-r", "c"], "give it with -f"),
        (["-f", "genome.fa", "-r", "e:1-2"], "no contig 'e'"),
        (["-f", "genome.fa", "-r", "c:190-201"], "ends past c"),
        (["-f", "genome.fa", "-R", "far.bed"], "cut it, or take the genome that it was made for"),
        (["-f", "genome.fa", "-R", "empty.bed"], "no region holds a base"),
        (["-f", "genome.fa", "-R", "two.bed", "--figure", "f.png"], "a figure shows one region"),
        (["-f", "genome.fa", "-r", "c:1-5", "--figure", "f.bmp"], "end the name in .png"),
        (["-f", "genome.fa", "-r", "c:1-5", "-o", "two.bed"], "exists already"),
        (["gone.fa"], "gone.fa"),
    ],
)
def test_mistakes(here, words, hint):
    (here / "far.bed").write_text("c\t190\t201\n")
    (here / "empty.bed").write_text("c\t9\t9\n")
    result = ism(*(words if "-o" in words else [*words, "-o", "out.tsv"]))
    assert (result.exit_code, result.stdout) == (2, "")
    assert hint in result.stderr.splitlines()[-1]
    assert not list(here.glob("*out*"))
