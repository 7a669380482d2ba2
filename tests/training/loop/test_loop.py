"""The loop with a task of its own: numbers that should become their mean."""

import json
import os
import signal
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from dna_mamba.errors import NonFiniteLossError, PreemptedError
from dna_mamba.training.loop.checkpoint import list_checkpoints
from dna_mamba.training.loop.log import read_log
from dna_mamba.training.loop.loop import CHECKPOINTS, LOG, TrainingLoop
from dna_mamba.training.loop.optimiser import OptimiserConfig, build_optimiser, learning_rate
from dna_mamba.training.loop.schedule import ScheduleConfig
from dna_mamba.training.loop.watcher import SILENT, Watcher
from tests.training.models import tiny_model

SETTINGS = OptimiserConfig(learning_rate=0.01, warmup_steps=2)
SCHEDULE = ScheduleConfig(steps=7, evaluate_every=3, checkpoint_every=2, keep_checkpoints=9)


class Task:
    """Lowers the weights' squares, scaled by the batch; ``evaluated`` are the steps at which it was asked."""

    def __init__(self, directory: Path, **changes: Any) -> None:
        self.model = tiny_model()
        self.evaluated: list[int] = []
        fields: dict[str, Any] = {
            "directory": directory,
            "model": self.model,
            "optimiser": build_optimiser(self.model, SETTINGS),
            "settings": SETTINGS,
            "schedule": SCHEDULE,
            "batches": [[float(step + 1)] for step in range(7)],
            "objective": self,
            "evaluate": self.evaluated.append,
            "describe": lambda step: {"batch": f"number {step}"},
            "fingerprint": "f",
        }
        directory.mkdir(exist_ok=True)
        self.loop: TrainingLoop[float] = TrainingLoop(**(fields | changes))

    def __call__(self, batch: float) -> Tensor:
        return torch.stack([(batch * p.double() ** 2).sum() for p in self.model.parameters()]).sum()

    def weight(self, batch: float) -> Tensor:
        return torch.tensor(1.0)

    def tokens(self, batch: float) -> int:
        return 1000

    def rows(self) -> list[dict[str, Any]]:
        times = ("seconds", "tokens_per_second")
        return [{k: v for k, v in row.items() if k not in times} for row in read_log(self.loop.directory / LOG)]


def steps_kept(directory: Path) -> list[int]:
    return sorted(int(path.name.rpartition("-")[2]) for path in list_checkpoints(directory / CHECKPOINTS))


def test_everything_happens_when_the_schedule_says(tmp_path: Path) -> None:
    task = Task(tmp_path / "run")
    totals: list[int] = []
    task.loop.run(0, Watcher(progress=lambda total: nullcontext(lambda n: totals.append(total))))
    rows = task.rows()
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row["learning_rate"] for row in rows] == [learning_rate(step, 7, SETTINGS) for step in range(7)]
    for row in read_log(tmp_path / "run" / LOG):
        assert row["tokens_per_second"] * row["seconds"] == pytest.approx(1000, rel=0.2)
    assert task.evaluated == [3, 6]
    assert steps_kept(tmp_path / "run") == [2, 4, 6, 7]
    assert totals == [7] * 7


def test_the_last_step_is_not_evaluated_by_the_loop(tmp_path: Path) -> None:
    task = Task(tmp_path / "run", schedule=SCHEDULE.model_copy(update={"steps": 6}))
    task.loop.run(0)
    assert task.evaluated == [3]


def test_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    whole = Task(tmp_path / "whole")
    whole.loop.run(0)

    def stop(steps: int) -> None:
        if len(halved.rows()) == 5:
            raise KeyboardInterrupt

    halved = Task(tmp_path / "halved")
    with pytest.raises(KeyboardInterrupt):
        halved.loop.run(0, Watcher(progress=lambda total: nullcontext(stop)))
    resumed = Task(tmp_path / "halved")
    news: list[str] = []
    assert resumed.loop.restore(news.append) == 4
    assert news == ["resumed after step 4"]
    resumed.loop.run(4)
    assert resumed.rows() == whole.rows()
    for one, other in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_nothing_to_resume_starts(tmp_path: Path) -> None:
    news: list[str] = []
    assert Task(tmp_path / "run").loop.restore(news.append) == 0
    assert news == ["no checkpoint yet: starting from step 0"]


def test_a_signal_leaves_the_checkpoint_of_that_step(tmp_path: Path) -> None:
    task = Task(tmp_path / "run", schedule=SCHEDULE.model_copy(update={"checkpoint_every": 100}))
    task.loop.evaluate(0)

    def advance(steps: int) -> None:
        if len(task.rows()) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(PreemptedError, match="SIGTERM after step 3"):
        task.loop.run(0, Watcher(progress=lambda total: nullcontext(advance)))
    assert steps_kept(tmp_path / "run") == [3]


def test_a_batch_that_is_not_finite_is_described(tmp_path: Path) -> None:
    task = Task(tmp_path / "run", batches=[[1.0], [float("inf")]])
    with pytest.raises(NonFiniteLossError, match="loss nan, gradient norm nan at step 2"):
        task.loop.run(0, SILENT)
    report = json.loads((tmp_path / "run" / "non-finite-step-2.json").read_text(), parse_constant=pytest.fail)
    assert report["step"] == 2 and report["loss_nats"] == "nan" and report["finite"] is False
    assert report["batch"] == "number 1" and report["processes_not_finite"] == [0]
    assert [row["step"] for row in task.rows()] == [1]
