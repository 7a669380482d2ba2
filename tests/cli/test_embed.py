import json

import numpy as np
import pytest
from click.testing import CliRunner

from dna_mamba.checkpoints import save_model
from dna_mamba.cli.main import cli
from dna_mamba.scoring import embed
from tests.scoring.worlds import random_sequence, small_model, write_fasta


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
    assert "embedded 3 sequences" in result.stderr
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
    write_fasta(here / "long.fa", {"s": random_sequence(5000, seed=1)})
    result = run("long.fa", "-o", "out.npz")
    assert result.exit_code == 3 and "sequence 's' of 5,000 bp: about" in result.stderr.splitlines()[-1]
    assert not (here / "out.npz").exists()


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["gone.fa", "-o", "out.npz"], "gone.fa"),
        (["in.fa", "-o", "out.npz", "--max-length", "49"], "'s50': 50 bp is longer than the limit of 49 bp"),
        (["in.fa", "-o", "-"], "name a file"),
        (["in.fa"], "Missing option '-o'"),
        (["in.fa", "-o", "model"], "exists already"),
        (["protein.fa", "-o", "out.npz"], "protein.fa"),
    ],
)
def test_mistakes(here, words, hint):
    (here / "protein.fa").write_text(">p\nMEEPQSDPSV\n")
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert hint in result.stderr.splitlines()[-1]
    assert not (here / "out.npz").exists()
