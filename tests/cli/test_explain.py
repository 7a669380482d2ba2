import json
import signal

import numpy as np
import pytest
from click.testing import CliRunner

from dna_mamba.checkpoints import save_model
from dna_mamba.cli.main import cli
from dna_mamba.runs import progress_directory
from tests.cli.slowed import start, wait_for_parts
from tests.explain.worlds import task_model
from tests.worlds import random_sequence, small_model, write_fasta, write_vcf

SEQUENCES = {"one": random_sequence(30), "two": random_sequence(20, 1), "three": random_sequence(25, 2)}
GENOME = random_sequence(90, 7)

SLOWED = """
import time
import dna_mamba.explain.job as job
attribute = job.attribute
job.attribute = lambda *words: time.sleep(1) or attribute(*words)
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_fasta(tmp_path / "in.fa", SEQUENCES)
    write_fasta(tmp_path / "genome.fa", {"c": GENOME, "d": GENOME[:40]})
    write_vcf(tmp_path / "in.vcf", [("c", 40, GENOME[39], "A" if GENOME[39] != "A" else "C"), ("c", 9, "N", "*")])
    save_model(task_model().float(), tmp_path / "head")
    save_model(small_model("post-hoc"), tmp_path / "model")
    return tmp_path


def explain(*words, model="head"):
    return CliRunner().invoke(cli, ["explain", "-m", model, "--threads", "1", "--steps", "4", *words])


def table(text):
    lines = [line for line in text.splitlines() if not line.startswith("##")]
    columns = "#id status target score baseline_score chrom pos part base attribution A C G T"
    assert lines[0].split("\t") == columns.split()
    return [line.split("\t") for line in lines[1:]]


def test_a_row_a_base_in_the_order_of_the_file(here):
    result = explain("in.fa")
    assert result.exit_code == 0, result.output
    rows = table(result.stdout)
    assert "".join(row[8] for row in rows) == "".join(SEQUENCES.values())
    assert list(dict.fromkeys(row[0] for row in rows)) == list(SEQUENCES)
    assert [int(row[6]) for row in rows[:30]] == list(range(1, 31))
    own = [float(row[10 + "ACGT".index(row[8])]) for row in rows]
    np.testing.assert_array_equal(own, [float(row[9]) for row in rows])


def test_an_archive_holds_what_the_table_holds(here):
    assert explain("in.fa", "-o", "out.npz", "--target", "b").exit_code == 0
    rows = table(explain("in.fa", "--target", "b").stdout)
    with np.load("out.npz") as archive:
        found = dict(archive)
    np.testing.assert_allclose(found["attributions"], [float(row[9]) for row in rows], atol=1e-6)
    assert found["hypothetical"].shape == (75, 4)
    assert found["ids"].tolist() == list(SEQUENCES)
    assert found["offsets"].tolist() == [0, 30, 50, 75]
    assert set(found["targets"].tolist()) == {"b"}
    sums = np.add.reduceat(found["attributions"], found["offsets"][:-1])
    np.testing.assert_allclose(sums, found["scores"] - found["baseline_scores"], atol=0.02)
    metadata = json.loads(str(found["metadata"]))
    assert metadata["method"] == "integrated-gradients"
    assert len(metadata["weights_sha256"]) == len(metadata["sequences_sha256"]) == 64


def test_tracks_of_regions(here):
    words = ("-f", "genome.fa", "-r", "c:11-40", "-r", "d:5-30", "--target", "a")
    assert explain(*words, "-o", "out.bedgraph").exit_code == 0
    assert explain(*words, "-o", "out.bw").exit_code == 0
    rows = table(explain(*words).stdout)
    lines = [line.split("\t") for line in (here / "out.bedgraph").read_text().splitlines() if line[0] != "#"]
    assert [(line[0], int(line[1])) for line in lines] == [(row[5], int(row[6]) - 1) for row in rows]
    np.testing.assert_allclose([float(line[3]) for line in lines], [float(row[9]) for row in rows], atol=1e-6)
    import pyBigWig

    with pyBigWig.open("out.bw") as file:
        np.testing.assert_allclose(file.values("c", 10, 40), [float(row[9]) for row in rows[:30]], atol=1e-6)


def test_alleles_of_a_vcf_each_with_a_status(here):
    words = ("-f", "genome.fa", "--context", "21", "in.vcf", "--figure", "logo.svg", "-o", "out.tsv")
    result = explain(*words, model="model")
    assert result.exit_code == 0, result.output
    rows = table((here / "out.tsv").read_text())
    assert [row[7] for row in rows].count("ref") == [row[7] for row in rows].count("alt") == 1
    assert rows[-1][:3] == ["c:9:N:*", "STAR", "."]
    assert rows[-1][9:] == ["."] * 5
    assert rows[0][2] == "llr"
    assert "<svg" in (here / "logo.svg").read_text()
    assert "1 of 2 alleles have no explanation" in result.stderr


@pytest.mark.parametrize("model", ["head", "model"])
def test_bfloat16_is_near_and_says_so(here, model):
    words = ["in.fa"] if model == "head" else ["-f", "genome.fa", "--context", "21", "in.vcf"]
    plain, narrow = (explain(*words, "--precision", kind, model=model) for kind in ("float32", "bfloat16"))
    assert (plain.exit_code, narrow.exit_code) == (0, 0), narrow.output
    assert "precision: bfloat16" in narrow.stderr and "precision=bfloat16" in narrow.stdout
    assert "precision=" not in plain.stdout and "precision:" not in plain.stderr
    here, there = ([float(row[9]) for row in table(result.stdout) if row[9] != "."] for result in (plain, narrow))
    assert here != there
    np.testing.assert_allclose(here, there, atol=0.1 * np.abs(here).max())


@pytest.mark.parametrize("method", ["integrated-gradients", "ism"])
def test_a_dry_run_writes_nothing(here, method):
    before = sorted(here.iterdir())
    result = explain("in.fa", "-o", "out.tsv", "--dry-run", "--method", method)
    assert result.exit_code == 0, result.output
    said = dict(line.split("\t") for line in result.stdout.splitlines())
    assert list(said) == ["sequences", "positions", "seconds", "peak_memory_mib"] and said["sequences"] == "3"
    alleles = explain("-f", "genome.fa", "--context", "21", "in.vcf", "--dry-run", "--method", method, model="model")
    assert alleles.stdout.startswith("alleles\t2\n") and sorted(here.iterdir()) == before


def test_a_run_that_was_killed_goes_on_to_the_same_bytes(here):
    write_fasta(here / "many.fa", {f"s{i}": random_sequence(600, i) for i in range(30)})
    words = ["explain", "-m", "head", "--threads", "1", "--steps", "1", "--no-version", "many.fa"]
    assert CliRunner().invoke(cli, [*words, "-o", "whole.tsv"]).exit_code == 0
    with start(SLOWED, *words, "-o", "out.tsv") as process:
        wait_for_parts(progress_directory("out.tsv"), 1, process)
        process.send_signal(signal.SIGKILL)
    again = CliRunner().invoke(cli, [*words, "-o", "out.tsv", "--resume"])
    assert again.exit_code == 0, again.output
    assert (here / "out.tsv").read_bytes() == (here / "whole.tsv").read_bytes()
    assert not progress_directory("out.tsv").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give IN, or a genome"),
        (("in.fa", "-o", "out.xls"), "suffix '.xls' names no format"),
        (("in.fa", "--target", "promoter"), "no output 'promoter'; choose from a, b, c"),
        (("in.fa", "--target", "promoter", "-o", "in.fa.tsv"), "--target"),
        (("in.fa", "--at", "3"), "a head for classification answers once for a sequence"),
        (("in.fa", "-r", "c:1-5"), "regions belong to a genome"),
        (("-f", "genome.fa"), "no region"),
        (("-f", "genome.fa", "in.vcf"), "says nothing of variants"),
        (("-f", "genome.fa", "-r", "c:1-5", "--context", "9"), "--context: has no meaning for sequences"),
        (("-f", "genome.fa", "-r", "c:11-20", "-r", "c:5-15", "-o", "out.bw"), "overlaps another"),
        (("in.fa", "-o", "in.fa"), "suffix '.fa'"),
        (("in.fa", "--figure", "logo.gif"), "figure format 'gif'"),
        (("nothing.fa",), "nothing.fa"),
    ],
)
def test_mistakes_get_one_line(here, words, said):
    result = explain(*words)
    assert result.exit_code == 2
    assert said in result.stderr.splitlines()[-1]


def test_a_language_model_says_nothing_of_sequences(here):
    result = explain("in.fa", model="model")
    assert result.exit_code == 2
    assert "model: is a language model, not a model with a head" in result.stderr


def test_what_exists_is_not_replaced(here):
    (here / "out.tsv").write_text("mine")
    assert explain("in.fa", "-o", "out.tsv").exit_code == 2
    assert (here / "out.tsv").read_text() == "mine"
    assert explain("in.fa", "-o", "out.tsv", "--force").exit_code == 0
