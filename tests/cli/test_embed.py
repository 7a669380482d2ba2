import json

import anndata
import numpy as np
import pandas
import pytest
from click.testing import CliRunner

from dna_mamba.checkpoints import save_model
from dna_mamba.cli.main import cli
from dna_mamba.io.bed import read_bed
from dna_mamba.scoring import embed
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
