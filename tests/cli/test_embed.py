import json
import signal

import anndata
import numpy as np
import pandas
import pytest
from click.testing import CliRunner

from dna_mamba.checkpoints import save_model
from dna_mamba.cli.main import cli
from dna_mamba.io.bed import read_bed
from dna_mamba.runs import progress_directory
from dna_mamba.scoring import embed
from tests.cli.slowed import start, wait_for_parts
from tests.worlds import random_sequence, small_model, write_fasta


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_model(small_model(), tmp_path / "model")
    write_fasta(tmp_path / "in.fa", {f"s{n}": random_sequence(n, seed=n) for n in (50, 8, 31)})
    return tmp_path


def run(*words, stdin=None):
    return CliRunner().invoke(cli, ["embed", "-m", "model", "--threads", "1", *words], input=stdin)


def test_an_archive_that_numpy_opens(here):
    result = run("in.fa", "-o", "out.npz")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "embedded 89 bp" in result.stderr and "3 sequences, 3 vectors of 32 channels" in result.stderr
    assert "second half reverse strand" in result.stderr
    with np.load(here / "out.npz", allow_pickle=False) as archive:
        assert archive["ids"].tolist() == ["s50", "s8", "s31"]
        np.testing.assert_allclose(archive["embeddings"], embed(here / "in.fa", small_model()).embeddings, atol=1e-6)
        assert json.loads(str(archive["metadata"]))["model"] == "model"


def test_standard_input(here):
    result = run("-", "-o", "out.npz", stdin=(here / "in.fa").read_bytes())
    assert result.exit_code == 0
    with np.load(here / "out.npz") as archive:
        assert len(archive["ids"]) == 3


def test_an_estimate_writes_nothing(here):
    result = run("in.fa", "-o", "out.npz", "--dry-run")
    facts = dict(line.split("\t") for line in result.stdout.splitlines())
    assert (facts["sequences"], facts["longest"], facts["positions"]) == ("3", "50", "89")
    assert float(facts["seconds"]) >= 0 and float(facts["peak_memory_mib"]) > 1
    assert not (here / "out.npz").exists()


def test_too_long_for_memory(here, monkeypatch):
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 2**28)
    write_fasta(here / "long.fa", {"s": random_sequence(10_000, seed=1)})
    result = run("long.fa", "-o", "out.npz")
    assert result.exit_code == 3 and "sequence 's' of 10,000 bp: about" in result.stderr.splitlines()[-1]
    assert not (here / "out.npz").exists()


def test_regions_of_a_bed_file(here):
    (here / "r.bed").write_text("s50\t0\t20\ta\t0\t-\ns31\t30\t31\n")
    assert run("in.fa", "-R", "r.bed", "-o", "out.parquet", "--pool", "max", "--layer", "-2").exit_code == 0
    result = pandas.read_parquet(here / "out.parquet")
    expected = embed(here / "in.fa", small_model(), regions=read_bed(here / "r.bed"), pool="max", layer=1)
    assert list(result["id"]) == ["a", "s31:31-31"] and list(result["strand"]) == ["-", "."]
    np.testing.assert_allclose(np.stack(result["embedding"]), expected.embeddings, atol=1e-6)


def test_region_notation_to_standard_output(here):
    result = run("in.fa", "-r", "s50:11-13", "-r", "s8", "-o", "-", "--pool", "none")
    rows = [line.split("\t") for line in result.stdout.splitlines()[2:]]
    assert result.exit_code == 0 and [row[0] for row in rows] == ["s50:11-13"] * 3 + ["s8:1-8"] * 8
    assert rows[0][1:7] == ["3", "s50", "10", "13", ".", "0"]


def test_regions_of_both_kinds_in_order(here):
    (here / "r.bed").write_text("s50\t0\t20\n")
    assert run("in.fa", "-R", "r.bed", "-r", "s31:5-9", "-r", "s8", "-o", "out.npz").exit_code == 0
    with np.load(here / "out.npz") as archive:
        assert archive["ids"].tolist() == ["s31:5-9", "s8:1-8", "s50:1-20"]


def test_anndata(here):
    assert run("in.fa", "-o", "out.h5ad", "--pool", "center").exit_code == 0
    assert list(anndata.read_h5ad(here / "out.h5ad").obs_names) == ["s50", "s8", "s31"]


def test_genbank_is_read_too(here):
    (here / "in.gb").write_text(
        "LOCUS       TOY  12 bp  DNA  linear  SYN 01-JAN-2020\nVERSION     TOY.1\nORIGIN\n        1 acgtacgtac gt\n//\n"
    )
    assert run("in.gb", "-o", "out.npz").exit_code == 0
    with np.load(here / "out.npz") as archive:
        assert archive["ids"].tolist() == ["TOY.1"] and archive["lengths"].tolist() == [12]


def test_an_estimate_knows_regions_layers_and_rows(here):
    def facts(*words):
        lines = run("in.fa", "-o", "out.npz", "--dry-run", *words).stdout.splitlines()
        return dict(line.split("\t") for line in lines)

    assert facts("-r", "s50:1-20", "--layer", "0")["seconds"] == "0"
    assert facts("-r", "s50:1-20")["positions"] == "20"
    write_fasta(here / "in.fa", {"s": random_sequence(50_000)})
    pooled, kept = (int(facts("--pool", pool)["peak_memory_mib"]) for pool in ("mean", "none"))
    assert kept - pooled == pytest.approx(50_000 * 32 * 4 / 2**20, abs=1)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["in.fa", "-o", "out.h5ad", "--pool", "none"], "one vector a sequence"),
        (["in.fa", "-o", "out.npz", "--layer", "3"], "no layer 3; give 0 (the token embedding) to 2 (the last)"),
        (["in.fa", "-o", "out.npz", "-r", "s8:5-9"], "ends past s8, which has 8 bp"),
        (["in.fa", "-o", "out.npz", "-R", "far.bed"], "region s8:6-9 (1-based) ends past s8, which has 8 bp"),
        (["in.fa", "-o", "out.csv"], "names no format"),
        (["gone.fa", "-o", "out.npz"], "gone.fa"),
        (["in.fa", "-o", "out.npz", "--max-length", "49"], "'s50': 50 bp is longer than the limit of 49 bp"),
        (["in.fa", "-o", "-", "-O", "npz"], "name a file"),
        (["in.fa"], "Missing option '-o'"),
        (["in.fa", "-o", "model", "-O", "npz"], "exists already"),
        (["protein.fa", "-o", "out.npz"], "protein.fa"),
    ],
)
def test_mistakes(here, words, hint):
    (here / "far.bed").write_text("s8\t0\t8\ns8\t5\t9\n")
    (here / "protein.fa").write_text(">p\nMEEPQSDPSV\n")
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert hint in result.stderr.splitlines()[-1]
    assert not (here / "out.npz").exists()


PROGRAM = """
import time
from dna_mamba.scoring.embeddings import vectors
vectors._WAITING = 2
inner = vectors._pooled
vectors._pooled = lambda *given: (time.sleep(0.03), inner(*given))[1]
"""
"""Groups of two sequences, a pass in 30 ms at least."""
LONG = ("embed", "-m", "model", "--threads", "1", "--batch-size", "1", "many.fa")


@pytest.fixture
def many(here):
    write_fasta(here / "many.fa", {f"s{n}": random_sequence(20 + n, seed=n) for n in range(40)})
    return here


def long(*words):
    """The same command in this process, not slowed."""
    return CliRunner().invoke(cli, [*LONG, *words])


def test_killed_twice_and_resumed_gives_the_same_bytes(many, monkeypatch):
    monkeypatch.setattr("dna_mamba.scoring.embeddings.vectors._WAITING", 2)
    assert long("-o", "whole.npz").exit_code == 0
    parts = progress_directory(many / "out.npz")
    for count in (2, 9):
        with start(PROGRAM, *LONG, "-o", "out.npz", "--resume") as process:
            wait_for_parts(parts, count, process)
            process.kill()
            process.communicate()
        assert process.returncode == -signal.SIGKILL and not (many / "out.npz").exists()
    refused = long("-o", "out.npz")
    assert refused.exit_code == 2 and "an earlier run stopped here; give --resume" in refused.stderr
    assert long("-o", "out.npz", "--resume").exit_code == 0
    assert (many / "out.npz").read_bytes() == (many / "whole.npz").read_bytes()
    assert not list(many.glob(".*"))


def test_a_request_to_stop_keeps_what_is_done(many, monkeypatch):
    with start(PROGRAM, *LONG, "-o", "out.npz", "--resume") as process:
        wait_for_parts(progress_directory(many / "out.npz"), 1, process)
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 75
    assert said.splitlines()[-1].endswith(".out.npz.progress: stopped, what was done is kept; run it again")
    for words, hint in {
        ("--pool", "max"): "another pool (mean, here max)",
        ("--layer", "1"): "another layer (2, here 1)",
        ("--batch-size", "2"): "another batch_size (1, here 2)",
    }.items():
        refused = run("many.fa", "-o", "out.npz", "--batch-size", "1", "--resume", *words)
        assert refused.exit_code == 2 and hint in refused.stderr.splitlines()[-1]
    refused = run("in.fa", "-o", "out.npz", "--batch-size", "1", "--resume")
    assert refused.exit_code == 2 and "another input" in refused.stderr.splitlines()[-1]
    monkeypatch.setattr("dna_mamba.scoring.embeddings.vectors._WAITING", 2)
    assert long("-o", "out.npz", "--resume").exit_code == 0
    with np.load(many / "out.npz") as archive:
        assert archive["ids"].tolist() == [f"s{n}" for n in range(40)]


def test_a_second_run_beside_one_at_work(many):
    with start(PROGRAM, *LONG, "-o", "out.npz") as process:
        wait_for_parts(progress_directory(many / "out.npz"), 1, process)
        for words in ((), ("--resume",), ("--force",), ("--resume", "--force")):
            refused = run("many.fa", "-o", "out.npz", *words)
            assert refused.exit_code == 2 and "another run is at work on it" in refused.stderr.splitlines()[-1]
        process.kill()
        process.communicate()


def test_standard_output_and_pipes_cannot_be_resumed(here):
    for words, hint in (
        (("in.fa", "-o", "-"), "--resume: only a run that writes a file can be resumed"),
        (("-", "-o", "out.npz"), "sequences from a pipe cannot be read twice"),
    ):
        result = run(*words, "--resume", stdin=(here / "in.fa").read_bytes())
        assert (result.exit_code, result.stdout) == (2, "")
        assert hint in result.stderr.splitlines()[-1]
        assert not list(here.glob("*out*"))


@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--resume",)])
@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("void.fa",), "'void'"),
        (("in.fa", "-R", "r.bed"), "'nothing'"),
        (("in.fa", "-R", "nameless.bed"), "s50"),
    ],
)
def test_nothing_to_embed_is_refused_by_name_before_any_work(here, monkeypatch, words, name, more):
    (here / "void.fa").write_text(f">a\n{random_sequence(30)}\n>void\n>b\nACGT\n")
    (here / "r.bed").write_text("s50\t0\t20\ta\ns50\t5\t5\tnothing\n")
    (here / "nameless.bed").write_text("s50\t0\t20\ns50\t5\t5\n")
    monkeypatch.setattr("dna_mamba.models.model.MaskedLanguageModel.stream", lambda *_, **__: pytest.fail("it ran"))
    result = run(*words, "-o", "out.npz", *more)
    assert (result.exit_code, result.stdout) == (2, "")
    assert name in result.stderr.splitlines()[-1]
    assert not list(here.glob("*out*"))
