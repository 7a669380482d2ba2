"""``dna-mamba pretrain``: what it refuses, what --force may remove, and its estimate."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dna_mamba.cli.main import cli
from dna_mamba.training.loop.log import read_log
from tests.training.toy_genome import write_recipe

SHORT = ("--set", "schedule.steps=2")


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return write_recipe(tmp_path).name


def pretrain(*words: str) -> Result:
    return CliRunner().invoke(cli, ["pretrain", *words, "--threads", "1"])


def test_a_run_is_not_overwritten_unless_asked(recipe: str) -> None:
    assert pretrain(recipe, "-o", "run", *SHORT).exit_code == 0
    assert Path("run/curve.png").read_bytes().startswith(b"\x89PNG")
    again = pretrain(recipe, "-o", "run", *SHORT)
    assert again.exit_code == 2 and "--resume resumes it" in again.stderr.splitlines()[-1]
    Path("run/notes.txt").write_text("mine")
    assert pretrain(recipe, "-o", "run", *SHORT, "--force", "--set", "seed=1").exit_code == 0
    assert Path("run/notes.txt").read_text() == "mine"
    assert [row["event"] for row in read_log(Path("run/log.jsonl"))].count("train") == 2


def test_force_leaves_other_directories_alone(recipe: str) -> None:
    Path("photos").mkdir()
    Path("photos/cat.png").write_bytes(b"cat")
    result = pretrain(recipe, "-o", "photos", *SHORT, "--force")
    assert result.exit_code == 2 and "does not hold a run" in result.stderr
    assert [p.name for p in Path("photos").iterdir()] == ["cat.png"]


def test_dry_run_writes_nothing(recipe: str) -> None:
    result = pretrain(recipe, "-o", "run", "--dry-run")
    assert result.exit_code == 0 and not Path("run").exists()
    facts = dict(line.split("\t") for line in result.stdout.splitlines())
    assert facts["training_bp"] == "6000" and facts["bp_per_step"] == "256"
    assert float(facts["seconds_per_step"]) > 0 and float(facts["peak_memory_mib"]) > 50
    assert "12 steps will take about" in result.stderr
    assert "Markov baselines" in result.stderr and "evaluation" in result.stderr
    assert float(facts["seconds"]) > 12 * float(facts["seconds_per_step"])


def test_an_estimate_counts_the_baselines(recipe: str) -> None:
    """Two parts held out take two sets of them, none takes none."""
    none = ("--set", "genome.validation=[]", "--set", "genome.test=[]")
    without = pretrain(recipe, "-o", "run", "--dry-run", *none)
    assert without.exit_code == 0 and "Markov baselines 0 ms, evaluation 0 ms" in without.stderr
    assert "Markov baselines 0 ms" not in pretrain(recipe, "-o", "run", "--dry-run").stderr


def test_a_context_that_cannot_fit_is_refused_with_one_that_does(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 2**30)
    result = pretrain(recipe, "-o", "run", "--set", "batch.windows=4096", "--set", "model.size=tiny")
    message = result.stderr.splitlines()[-1]
    assert result.exit_code == 3 and not Path("run").exists()
    assert "GiB of memory are needed and 1.00 GiB are free" in message
    settings = re.findall(r"--set \S+", message)
    assert pretrain(recipe, "-o", "run", *" ".join(settings).split(), *SHORT, "--dry-run").exit_code == 0


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--set", "schedule.stepz=7"], "schedule.stepz"),
        (["--set", "genome.validation=[chrZ]"], "no contig matches 'chrZ'"),
        (["--set", "genome.fasta=gone.fa"], "gone.fa"),
        (["--device", "abacus"], "abacus"),
        (["--set", "genome.validation=[train:1-9000]"], "train, which has 6000 bp"),
        (["--set", "genome.validation=[train:1-500]", "--set", "genome.test=[train:400-600]"], "overlap"),
    ],
)
def test_mistakes_write_nothing(recipe: str, words: list[str], hint: str) -> None:
    result = pretrain(recipe, "-o", "run", *words)
    assert result.exit_code == 2 and hint in result.stderr.splitlines()[-1]
    assert not Path("run").exists()


def test_names_that_look_like_numbers(recipe: str) -> None:
    """Contig 2 is held out however it is written, and a run of it resumes from its own recipe."""
    genome = Path("genome.fa").read_text()
    Path("genome.fa").write_text(genome.replace(">val", ">2").replace(">test", ">1e5"))
    words = ("--set", "genome.validation=2", "--set", "genome.test=[1e5]")
    result = pretrain(recipe, "-o", "run", *SHORT, *words)
    assert result.exit_code == 0, result.stderr
    assert next(read_log(Path("run/log.jsonl")))["validation"] == 1500
    again = pretrain("run/recipe.yaml", "-o", "run", "--resume")
    assert again.exit_code == 0 and "resumed after step 2" in again.stderr, again.stderr
