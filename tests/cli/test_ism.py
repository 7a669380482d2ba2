import signal

import numpy as np
import pytest
from click.testing import CliRunner

import dna_mamba
from dna_mamba.checkpoints import PackagedModel, save_model
from dna_mamba.cli.main import cli
from dna_mamba.runs import progress_directory
from dna_mamba.scoring import saturation_mutagenesis
from tests.cli.slowed import start, wait_for_parts
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


PROGRAM = """
import time
from dna_mamba.scoring.mutagenesis import job, sites
job.PART_SITES = 8
inner = sites.masked_log_probabilities
sites.masked_log_probabilities = lambda *given: (time.sleep(0.03), inner(*given))[1]
"""
"""Parts of eight sites, a pass in 30 ms at least."""
LONG = ("ism", "-m", "model", "--context", "21", "--threads", "1", "--batch-size", "4", "--no-version", "genome.fa")


def long(*words):
    """The same command in this process, not slowed."""
    return CliRunner().invoke(cli, [*LONG, *words])


def test_killed_twice_and_resumed_gives_the_same_bytes(here, monkeypatch):
    monkeypatch.setattr("dna_mamba.scoring.mutagenesis.job.PART_SITES", 8)
    assert long("-o", "whole.tsv").exit_code == 0
    parts = progress_directory(here / "out.tsv")
    for count in (2, 9):
        with start(PROGRAM, *LONG, "-o", "out.tsv", "--resume") as process:
            wait_for_parts(parts, count, process)
            process.kill()
            process.communicate()
        assert process.returncode == -signal.SIGKILL and not (here / "out.tsv").exists()
    refused = long("-o", "out.tsv")
    assert refused.exit_code == 2 and "an earlier run stopped here; give --resume" in refused.stderr
    resumed = long("-o", "out.tsv", "--resume")
    assert resumed.exit_code == 0 and "mutated 260 sites" not in resumed.stderr
    assert (here / "out.tsv").read_bytes() == (here / "whole.tsv").read_bytes()
    assert not list(here.glob(".*"))


def test_a_request_to_stop_keeps_what_is_done(here):
    """75 tells a scheduler to run the same command again; another command is not the same run."""
    with start(PROGRAM, *LONG, "-o", "out.tsv", "--resume") as process:
        wait_for_parts(progress_directory(here / "out.tsv"), 1, process)
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 75
    assert said.splitlines()[-1].endswith(".out.tsv.progress: stopped, what was done is kept; run it again")
    for words, hint in {
        ("--scores", "wt-llr"): "another scores (llr, here wt-llr)",
        ("--context", "23"): "another context (21, here 23)",
        ("--batch-size", "5"): "another batch_size (4, here 5)",
    }.items():
        refused = ism("genome.fa", "-o", "out.tsv", "--resume", *words)
        assert refused.exit_code == 2 and hint in refused.stderr.splitlines()[-1]
    refused = ism("-f", "genome.fa", "-r", "c:1-9", "--batch-size", "4", "-o", "out.tsv", "--resume")
    assert refused.exit_code == 2 and "another regions" in refused.stderr.splitlines()[-1]
    assert long("-o", "out.tsv", "--resume").exit_code == 0
    assert len(table((here / "out.tsv").read_text())) == 3 * 260


def test_a_second_run_beside_one_at_work(here):
    with start(PROGRAM, *LONG, "-o", "out.tsv") as process:
        wait_for_parts(progress_directory(here / "out.tsv"), 1, process)
        for words in ((), ("--resume",), ("--force",), ("--resume", "--force")):
            refused = ism("genome.fa", "-o", "out.tsv", *words)
            assert refused.exit_code == 2 and "another run is at work on it" in refused.stderr.splitlines()[-1]
        process.kill()
        process.communicate()


def test_standard_output_cannot_be_resumed(here):
    result = ism("genome.fa", "--resume")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--resume: only a run that writes a file can be resumed" in result.stderr.splitlines()[-1]


def test_the_window_of_the_model_is_read_and_said(here):
    model = small_model("post-hoc")
    model.config = model.config.model_copy(update={"trained_window_bp": 40})
    save_model(model, here / "model", force=True)
    words = ["ism", "-m", "model", "--threads", "1", "--no-version", "-f", "genome.fa", "-r", "d:20-25"]
    unasked, asked = (CliRunner().invoke(cli, [*words, *more]) for more in ([], ["--context", "40"]))
    assert "context: 40 bp (the default for this model" in unasked.stderr and "context:" not in asked.stderr
    assert unasked.stdout == asked.stdout
