"""The loop: batches by index through an objective; logged, evaluated, kept, stopped and resumed as its schedule says.

Everything is a function of the step, so a run that was stopped and resumed repeats one that was not, to the last bit.
"""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NoReturn, Protocol, TypeVar

import torch

from dna_mamba.errors import NonFiniteLossError, PreemptedError
from dna_mamba.io.atomic import atomic_output
from dna_mamba.training.loop.checkpoint import TrainedModel, TrainingState, restore_newest, save_checkpoint
from dna_mamba.training.loop.log import RunLog
from dna_mamba.training.loop.optimiser import OptimiserConfig, learning_rate, set_learning_rate
from dna_mamba.training.loop.schedule import ScheduleConfig
from dna_mamba.training.loop.signals import StopRequest, stop_on_signal
from dna_mamba.training.loop.step import Objective, StepResult, train_step
from dna_mamba.training.loop.watcher import SILENT, Report, Watcher

CHECKPOINTS, LOG = "checkpoints", "log.jsonl"
BatchT = TypeVar("BatchT")
BatchT_co = TypeVar("BatchT_co", covariant=True)


class Batches(Protocol[BatchT_co]):
    """What is trained on: ``batches[step]`` is the same whenever it is asked for."""

    def __getitem__(self, step: int) -> BatchT_co: ...


@dataclass(frozen=True)
class TrainingLoop(Generic[BatchT]):
    """A model and all that its steps depend on.

    Attributes:
        directory: of the run; receives ``log.jsonl`` and ``checkpoints/``.
        model: in training mode, on its device.
        optimiser: over the model's parameters.
        settings: the learning rate by step, the norm at which gradients are clipped.
        schedule: length of the run, and what happens when.
        batches: by 0-based step.
        objective: the loss of a batch.
        evaluate: called with the number of steps done wherever the schedule says, but not after the last step; leaves
            the model as it finds it.
        describe: what a batch was made of, JSON-ready, for the report on one whose loss is not finite.
        fingerprint: of everything that must agree for a resumed run to be the same run.
    """

    directory: Path
    model: TrainedModel
    optimiser: torch.optim.Optimizer
    settings: OptimiserConfig
    schedule: ScheduleConfig
    batches: Batches[BatchT]
    objective: Objective[BatchT]
    evaluate: Callable[[int], None]
    describe: Callable[[BatchT], Mapping[str, Any]]
    fingerprint: str

    @property
    def log(self) -> RunLog:
        """The log of the run."""
        return RunLog(self.directory / LOG)

    def restore(self, report: Report, *, strict: bool = False) -> int:
        """Take up the newest intact checkpoint; the number of steps done, 0 where there is none.

        Raises:
            InputError: every checkpoint is damaged (or, with ``strict``, the newest), or they are of another run.
        """
        state = restore_newest(
            self.directory / CHECKPOINTS, self.model, self.optimiser, self.fingerprint, strict=strict, report=report
        )
        if state is None:
            report("no checkpoint yet: starting from step 0")
            return 0
        self.log.keep(lambda row: row["step"] <= state.step)
        report(f"resumed after step {state.step:,}")
        return state.step

    def run(self, done: int, watcher: Watcher = SILENT) -> None:
        """Train from step ``done`` to the last of the schedule.

        Raises:
            PreemptedError: SIGTERM or SIGUSR1 came; a checkpoint was written.
            NonFiniteLossError: loss or gradient is NaN or infinite; weights stay as they were, the batch is described
                in ``non-finite-step-N.json``.
            MachineError: the disk is full.
        """
        with stop_on_signal() as stop, watcher.progress(self.schedule.steps - done) as advance:
            for step in range(done, self.schedule.steps):
                self._one_step(step)
                advance(1)
                self._stop_if_asked(step + 1, stop)

    def _one_step(self, step: int) -> None:
        started = time.perf_counter()
        rate = learning_rate(step, self.schedule.steps, self.settings)
        set_learning_rate(self.optimiser, rate)
        batch = self.batches[step]
        result = train_step(self.model, self.optimiser, self.objective, batch, clip_norm=self.settings.clip_norm)
        if not result.finite:
            self._give_up(step, batch, result)
        done = step + 1
        self.log.write(
            "train",
            done,
            loss_nats=result.loss_nats,
            gradient_norm=result.gradient_norm,
            learning_rate=rate,
            seconds=round(time.perf_counter() - started, 4),
        )
        if self.schedule.evaluates_after(done):
            self.evaluate(done)
        if self.schedule.checkpoints_after(done):
            self._checkpoint(done)

    def _checkpoint(self, done: int) -> None:
        state = TrainingState(done, self.fingerprint)
        keep = self.schedule.keep_checkpoints
        save_checkpoint(self.directory / CHECKPOINTS, self.model, self.optimiser, state, keep=keep)

    def _stop_if_asked(self, done: int, stop: StopRequest) -> None:
        if stop.received is None or done == self.schedule.steps:
            return
        self._checkpoint(done)
        raise PreemptedError(
            f"{stop.received} after step {done:,}; checkpoint written",
            place=self.directory,
            remedy="run the same command with --resume",
        )

    def _give_up(self, step: int, batch: BatchT, result: StepResult) -> NoReturn:
        place = self.directory / f"non-finite-step-{step + 1}.json"
        numbers = {key: _jsonable(value) for key, value in result._asdict().items()}
        report = {"step": step + 1, **numbers, **self.describe(batch)}
        with atomic_output(place, force=True) as stream:
            stream.write((json.dumps(report, indent=1, allow_nan=False) + "\n").encode())
        raise NonFiniteLossError(
            f"loss {result.loss_nats}, gradient norm {result.gradient_norm} at step {step + 1}; "
            "the weights are unchanged",
            place=place,
            remedy="look at what the batch was made of, or lower optimiser.learning_rate",
        )


def _jsonable(value: float) -> float | str:
    """JSON has no NaN and no infinity: they are spelled."""
    return value if math.isfinite(value) else str(value)
