"""``dna-mamba pretrain``: what it refuses, what --force may remove, and its estimate."""

import json
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
    assert facts["tokens"] == "3072" and facts["fits"] == "True"
    assert "12 steps of 256 bp: 3,072 tokens" in result.stderr and "MiB are free" in result.stderr


def test_a_dry_run_as_json(recipe: str) -> None:
    result = pretrain(recipe, "-o", "run", "--dry-run", "--json")
    facts = json.loads(result.stdout)
    assert facts["parameters"] > 0 and facts["fits"] is True and facts["seconds"] > 0
    parts = ("weights", "gradients", "moments", "activations", "other")
    assert sum(facts[f"{part}_mib"] for part in parts) == pytest.approx(facts["memory_mib"], abs=0.3)
    refused = pretrain(recipe, "-o", "run", "--json")
    assert refused.exit_code == 2 and "--dry-run alone" in refused.stderr and not Path("run").exists()


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_dry_run_that_does_not_fit_says_what_would(
    recipe: str, monkeypatch: pytest.MonkeyPatch, form: tuple[str, ...]
) -> None:
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 2**30)
    large = ("--set", "batch.windows=4096", "--set", "model.size=tiny")
    result = pretrain(recipe, "-o", "run", "--dry-run", *large, *form)
    assert result.exit_code == 3 and "1.00 GiB are free; --set recompute=true" in result.stderr.splitlines()[-1]
    assert '"fits": false' in result.stdout if form else "fits\tFalse" in result.stdout
    assert "seconds" not in result.stdout


def test_a_model_is_continued_by_name_and_by_run(recipe: str) -> None:
    inherited = ("--set", "model={}", *SHORT)
    first = pretrain(recipe, "-o", "first", "--init", "yeast-tiny", *inherited)
    assert first.exit_code == 0 and "continued from yeast-tiny (SHA-256" in first.stderr
    second = pretrain(recipe, "-o", "second", "--init", "first", *inherited)
    assert second.exit_code == 0 and "continued from first" in second.stderr
    clash = pretrain(recipe, "-o", "third", "--init", "yeast-tiny", *SHORT)
    assert clash.exit_code == 2 and "yeast-tiny: model.d_model 16: the model to continue has 128" in clash.stderr
    missing = pretrain(recipe, "-o", "third", "--init", "gone", *inherited)
    assert missing.exit_code == 2 and not Path("third").exists()


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
