"""Estimates scale with what there is to do."""

import time
from pathlib import Path

import pytest

from dna_mamba.alphabet import Codes
from dna_mamba.data import markov
from dna_mamba.errors import MachineError
from dna_mamba.training.pretrain import PretrainJob, read_recipe
from dna_mamba.training.pretrain import estimate as estimating
from dna_mamba.training.pretrain.estimate import TrainingEstimate
from dna_mamba.training.pretrain.shares import BatchShare


class Clock:
    """Every look at it takes a second, and every batch of baselines a hundred and what their bases cost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0

        def baselines(train: list[Codes], held_out: list[Codes]) -> list[markov.BaselineLoss]:
            self.now += 100 + sum(map(len, (*train, *held_out))) / 100
            return []

        monkeypatch.setattr(estimating, "markov_baselines", baselines)
        monkeypatch.setattr(time, "perf_counter", self)

    def __call__(self) -> float:
        self.now += 1
        return self.now


def estimate(recipe_path: Path, *overrides: str) -> TrainingEstimate:
    return PretrainJob(read_recipe(recipe_path, overrides), recipe_path.parent / "run").estimate()


def test_everything_a_run_does_is_counted(recipe_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)
    facts = estimate(recipe_path)
    assert facts.seconds_per_step == 1 and facts.training_seconds == 12
    # validation: 6,000 + 1,500 bp, test: 6,000 + 1,000; the tables of either take 100 s, and the clock one
    assert facts.baseline_seconds == pytest.approx(2 * 101 + 75 + 70)
    # 4 windows of 2 phases, three times; 21 windows of the test contig, 1 phase, once; 8 rows a second
    assert facts.evaluation_seconds == pytest.approx(3 * 1 + 21 / 8)
    assert facts.seconds == facts.training_seconds + facts.baseline_seconds + facts.evaluation_seconds
    assert facts.peak_memory_bytes > 50 * 2**20


def test_baselines_of_a_large_genome_are_measured_on_a_part(recipe_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimating, "_BASELINE_BP", 1000)
    Clock(monkeypatch)
    assert estimate(recipe_path, "genome.test=[]").baseline_seconds == pytest.approx(101 + 85)


def test_what_is_not_held_out_costs_nothing(recipe_path: Path) -> None:
    facts = estimate(recipe_path, "genome.validation=[]", "genome.test=[]")
    assert facts.baseline_seconds == facts.evaluation_seconds == 0
    assert facts.seconds == facts.training_seconds > 0


def test_each_stage_is_measured(recipe_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step takes a second for every 16 bp of its windows here, the burst of each stage as the stage will."""
    seconds = {64: 4.0, 256: 16.0}

    def step(model: object, optimiser: object, objective: object, parts: list[BatchShare], **how: object) -> None:
        clock.now += seconds[parts[0].rows.inputs.shape[1]] - 1

    clock = Clock(monkeypatch)
    monkeypatch.setattr(estimating, "train_step", step)
    facts = estimate(recipe_path, "batch.stages=[{window_bp: 64, steps: 9}, {window_bp: 256}]")
    assert facts.training_seconds == 9 * 4 + 3 * 16 and facts.seconds_per_step == 7


def test_a_continued_model_is_evaluated_once_more(recipe_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)
    facts = estimate(recipe_path, "init=yeast-tiny", "model={}", "genome.test=[]")
    assert facts.evaluation_seconds == pytest.approx(4 * 1)


def test_a_step_that_does_not_fit_is_refused_before_anything(
    recipe_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = PretrainJob(read_recipe(recipe_path), recipe_path.parent / "run")
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 2**20)
    for ask in (job.estimate, job.run):
        with pytest.raises(MachineError, match="a step of 4 x 64 bp"):
            ask()
    assert not (recipe_path.parent / "run").exists()
