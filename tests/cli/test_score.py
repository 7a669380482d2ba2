"""``dna-mamba score`` as its users meet it: files, pipes, refusals, exit codes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import dna_mamba
from dna_mamba.checkpoints import PackagedModel, save_model
from dna_mamba.cli.main import cli
from tests.worlds import HEADER, random_sequence, small_model, write_fasta, write_vcf

SEQUENCE = random_sequence(200)
SOURCES = [str(Path(dna_mamba.__file__).parents[1]), str(Path(dna_mamba.__file__).parents[1] / "kernels")]


def alt_of(pos):
    return "ACGT".replace(SEQUENCE[pos - 1], "")[0]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A directory with a genome, a VCF of 30 records and a model of another kind than the packaged one."""
    monkeypatch.chdir(tmp_path)
    write_fasta(tmp_path / "genome.fa", {"c": SEQUENCE})
    rows = [("c", pos, SEQUENCE[pos - 1], alt_of(pos)) for pos in range(100, 129)]
    write_vcf(tmp_path / "in.vcf", [*rows, ("c", 100, SEQUENCE[99], "<DEL>")])
    save_model(small_model("post-hoc"), tmp_path / "model")
    return tmp_path


def score(*words, model="model"):
    return CliRunner().invoke(
        cli, ["score", "-m", model, "-f", "genome.fa", "--context", "21", "--threads", "1", *words]
    )


def shell(line):
    """A line of shell in which ``$score`` is the command; numbers of threads and imports as in real use."""
    path = os.pathsep.join([*SOURCES, os.environ.get("PYTHONPATH", "")])
    command = f"{sys.executable} -m dna_mamba score -m model -f genome.fa --context 21 --threads 1 --no-version"
    environment = os.environ | {"PYTHONPATH": path, "score": command}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def records(text):
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_a_file_to_a_file(here):
    result = score("in.vcf", "-o", "out.vcf")
    assert (result.exit_code, result.stdout) == (0, "")
    out = records((here / "out.vcf").read_text())
    assert [line.split("\t")[:5] for line in out] == [
        line.split("\t")[:5] for line in records((here / "in.vcf").read_text())
    ]
    assert all("DM_LLR=" in line and "DM_STATUS=" in line for line in out)
    for words in (
        "checked 30 records",
        "scored 30 records",
        "30 alleles, 29 scored",
        "OK 29, SYMBOLIC 1",
        "200 bp, 0 N",
    ):
        assert words in result.stderr


def test_provenance(here):
    score("in.vcf", "-o", "out.vcf")
    lines = (here / "out.vcf").read_text().splitlines()
    assert f"##dna-mamba_scoreVersion={dna_mamba.__version__}" in lines
    (command,) = [line for line in lines if line.startswith("##dna-mamba_scoreCommand=")]
    assert f"weights_sha256={PackagedModel('model', here / 'model').sha256}" in command
    assert "reference_sha256=" in command


def test_equal_runs_are_equal_bytes(here):
    for name in ("a.vcf", "b.vcf"):
        assert score("in.vcf", "-o", name, "--no-version").exit_code == 0
    content = (here / "a.vcf").read_bytes()
    assert content == (here / "b.vcf").read_bytes()
    assert b"dna-mamba_score" not in content


def test_a_packaged_name(here, packaged_model):
    assert score("in.vcf", "-o", "out.tsv", model="minute").exit_code == 0
    assert len(records((here / "out.tsv").read_text())) == 30


def test_an_estimate_writes_nothing(here):
    result = score("in.vcf", "-o", "out.vcf", "--dry-run", "--context", "20")
    assert result.exit_code == 0 and not Path("out.vcf").exists()
    facts = dict(line.split("\t") for line in result.stdout.splitlines())
    assert int(facts["positions"]) == 20 * int(facts["windows"]) > 0
    assert float(facts["seconds"]) > 0 and float(facts["peak_memory_mib"]) > 1
    of_shards = [score("in.vcf", "-o", "out.vcf", "--dry-run", "--context", "20", "--shard", s) for s in ("1/2", "2/2")]
    shares = [dict(line.split("\t") for line in share.stdout.splitlines()) for share in of_shards]
    for name in ("records", "windows", "positions"):
        assert sum(int(share[name]) for share in shares) == int(facts[name])
    refused = score("-", "-o", "out.vcf", "--dry-run")
    assert refused.exit_code == 2 and "need a file that can be read twice" in refused.stderr


def test_existing_output_is_refused_before_any_work(here):
    (here / "out.vcf").write_text("mine")
    result = score("in.vcf", "-o", "out.vcf", model="no-such-model")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "cli: out.vcf: exists already; give --force to replace it, or another name\n"
    assert (here / "out.vcf").read_text() == "mine"
    assert score("in.vcf", "-o", "out.vcf", "--force").exit_code == 0
    assert (here / "out.vcf").read_text() != "mine"


def test_a_wrong_build_leaves_no_output(here):
    write_vcf(here / "wrong.vcf", [("c", pos, alt_of(pos), SEQUENCE[pos - 1]) for pos in range(100, 130)])
    result = score("wrong.vcf", "-o", "out.vcf")
    assert result.exit_code == 2
    assert "30 of 30 alleles (100%)" in result.stderr
    assert "wrong build?" in result.stderr
    assert not list(here.glob("*out*"))


def test_a_few_mismatches_are_told(here):
    write_vcf(here / "odd.vcf", [("c", 100, SEQUENCE[99], alt_of(100))] * 29 + [("c", 101, alt_of(101), "N")])
    result = score("odd.vcf", "-o", "out.vcf")
    assert result.exit_code == 0
    assert (
        f"1 of 30 alleles, which get REF_MISMATCH: c:101 REF {alt_of(101)}, reference {SEQUENCE[100]}" in result.stderr
    )
    assert "DM_LLR=.;DM_STATUS=REF_MISMATCH" in records((here / "out.vcf").read_text())[-1]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["gone.vcf"], "gone.vcf"),
        (["genome.fa"], "no VCF header"),
        (["in.vcf", "-o", "out.txt"], "no VCF suffix"),
        (["in.vcf", "-o", "gone/out.vcf"], "no directory"),
        (["in.vcf", "--context", "0"], "--context"),
        (["in.vcf", "--device", "abacus"], "'abacus' is not a device"),
        (["in.vcf", "-f", "in.vcf"], "in.vcf"),
        (["https://example.org/in.vcf"], "is a URL"),
        ([], "Missing argument"),
    ],
)
def test_mistakes(here, words, hint):
    result = score(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert hint in result.stderr.splitlines()[-1]
    assert not list(here.glob("*out*"))


def test_pipes(here):
    expected = shell("$score in.vcf")
    assert expected.returncode == 0
    piped = shell("gzip -c in.vcf | $score - -O z | gzip -dc")
    assert (piped.returncode, piped.stdout) == (0, expected.stdout)
    assert len(records(expected.stdout)) == 30
    first = shell("$score in.vcf 2> log | head -1")
    assert first.stdout == HEADER[0] + "\n"
    assert "Traceback" not in (here / "log").read_text()


def test_a_cut_file_leaves_no_output(here):
    result = shell("gzip -c in.vcf | head -c 300 > cut.vcf.gz; $score cut.vcf.gz -o out.vcf")
    assert (result.returncode, result.stdout) == (2, "")
    assert "cut.vcf.gz: truncated" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
    assert not list(here.glob("*out*"))


def test_precision_is_said_and_resuming_another_is_refused(here):
    plain = score("in.vcf", "-o", "plain.vcf")
    assert plain.exit_code == 0 and "precision" not in plain.stderr
    rounded = score("in.vcf", "-o", "rounded.vcf", "--precision", "bfloat16")
    assert rounded.exit_code == 0 and "precision: bfloat16\n" in rounded.stderr
    assert "--precision bfloat16" not in Path("plain.vcf").read_text()
    assert "precision=bfloat16" in Path("rounded.vcf").read_text()
    taken = score("in.vcf", "-o", "auto.vcf", "--precision", "auto")
    assert re.search(r"^precision: (float32|bfloat16) \(as auto takes here\)$", taken.stderr, re.MULTILINE)
    refused = score("in.vcf", "-o", "none.vcf", "--precision", "tf32", "--device", "cpu")
    assert refused.exit_code == 2 and "tf32 is for CUDA GPUs" in refused.stderr
    assert not Path("none.vcf").exists()


def test_float32_is_the_default_to_the_byte(here):
    for name, words in (("default", ()), ("asked", ("--precision", "float32"))):
        assert score("in.vcf", "-o", f"{name}.vcf", "--no-version", *words).exit_code == 0
    assert Path("default.vcf").read_bytes() == Path("asked.vcf").read_bytes()


def test_the_window_of_the_model_is_read_and_said(here):
    """Unasked, a model trained on 40 bp reads 40, in the output, the summary and what resuming compares."""
    model = small_model("post-hoc")
    model.config = model.config.model_copy(update={"trained_window_bp": 40})
    save_model(model, here / "model", force=True)
    words = ["score", "-m", "model", "-f", "genome.fa", "--threads", "1", "--no-version", "in.vcf"]
    unasked = CliRunner().invoke(cli, [*words, "-o", "unasked.vcf"])
    asked = CliRunner().invoke(cli, [*words, "-o", "asked.vcf", "--context", "40"])
    assert unasked.exit_code == asked.exit_code == 0
    assert "context: 40 bp (the default for this model; --context takes another)" in unasked.stderr
    assert "context:" not in asked.stderr
    assert (here / "unasked.vcf").read_bytes() == (here / "asked.vcf").read_bytes()
    assert "window of up to 40 bp" in (here / "unasked.vcf").read_text()
