"""The loop: batches by index through an objective; logged, evaluated, kept, stopped and resumed as its schedule says.

Everything is a function of the step, so a run that was stopped and resumed repeats one that was not, to the last bit.
Every process of a run goes through the same loop; rank 0 logs, reports and writes.
"""

import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch

from dna_mamba.errors import NonFiniteLossError, PreemptedError
from dna_mamba.io.atomic import atomic_output
from dna_mamba.training.distributed.strategy import Strategy, Whole
from dna_mamba.training.distributed.world import ALONE, World
from dna_mamba.training.loop.checkpoint import TrainedModel, TrainingState, restore_newest, save_checkpoint
from dna_mamba.training.loop.log import LOG_FILE, Follower, RunLog
from dna_mamba.training.loop.optimiser import OptimiserConfig, learning_rate, set_learning_rate
from dna_mamba.training.loop.schedule import ScheduleConfig
from dna_mamba.training.loop.signals import StopRequest, stop_on_signal
from dna_mamba.training.loop.step import Objective, StepResult, train_step
from dna_mamba.training.loop.watcher import SILENT, Report, Watcher

CHECKPOINTS, LOG = "checkpoints", LOG_FILE
BatchT = TypeVar("BatchT")
BatchT_co = TypeVar("BatchT_co", covariant=True)


class Batches(Protocol[BatchT_co]):
    """What is trained on: ``batches[step]`` is the same whenever it is asked for.

    It holds the micro-batches of this process, of which all processes have equally many.
    """

    def __getitem__(self, step: int) -> Sequence[BatchT_co]: ...


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
        objective: the loss of a micro-batch.
        evaluate: called with the number of steps done wherever the schedule says, but not after the last step; leaves
            the model as it finds it.
        describe: what the batch of a 0-based step was made of, JSON-ready, for the report on a loss that is not finite.
        fingerprint: of everything that must agree for a resumed run to be the same run.
        world: the processes that train together.
        strategy: how their gradients become one.
        followers: given each row of rank 0's log.
    """

    directory: Path
    model: TrainedModel
    optimiser: torch.optim.Optimizer
    settings: OptimiserConfig
    schedule: ScheduleConfig
    batches: Batches[BatchT]
    objective: Objective[BatchT]
    evaluate: Callable[[int], None]
    describe: Callable[[int], Mapping[str, Any]]
    fingerprint: str
    world: World = ALONE
    strategy: Strategy = field(default_factory=Whole)
    followers: Sequence[Follower] = ()

    @property
    def log(self) -> RunLog:
        """The log of the run; what other processes than rank 0 write to theirs goes nowhere."""
        return RunLog(self.directory / LOG, self.followers) if self.world.is_main else RunLog(Path(os.devnull))

    def restore(self, report: Report, *, strict: bool = False) -> int:
        """Take up the newest intact checkpoint; the number of steps done, 0 where there is none.

        Raises:
            InputError: every checkpoint is damaged (or, with ``strict``, the newest), or they are of another run.
        """
        state = restore_newest(
            self.directory / CHECKPOINTS,
            self.model,
            self.optimiser,
            self.fingerprint,
            strict=strict,
            report=report,
            world=self.world,
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
            PreemptedError: SIGTERM or SIGUSR1 came to any process; a checkpoint was written.
            NonFiniteLossError: loss or gradient is NaN or infinite in any process; weights stay as they were, the batch
                is described in ``non-finite-step-N.json``.
            MachineError: the disk is full.
            ReportedElsewhereError: of another process than rank 0, in place of these.
        """
        shared = self.world.size > 1
        with stop_on_signal(heed_launcher=shared) as stop, watcher.progress(self.schedule.steps - done) as advance:
            for step in range(done, self.schedule.steps):
                self._one_step(step, watcher.report)
                advance(1)
                self._stop_if_asked(step + 1, stop)

    def _one_step(self, step: int, report: Report) -> None:
        started = time.perf_counter()
        rate = learning_rate(step, self.schedule.steps, self.settings)
        set_learning_rate(self.optimiser, rate)
        result = train_step(
            self.model,
            self.optimiser,
            self.objective,
            self.batches[step],
            clip_norm=self.settings.clip_norm,
            strategy=self.strategy,
            world=self.world,
        )
        if not result.finite:
            self._give_up(step, result)
        done, seconds = step + 1, time.perf_counter() - started
        self.log.write(
            "train",
            done,
            loss_nats=result.loss_nats,
            gradient_norm=result.gradient_norm,
            learning_rate=rate,
            seconds=round(seconds, 4),
            tokens=result.tokens,
            tokens_per_second=round(result.tokens / seconds),
        )
        if self.schedule.evaluates_after(done):
            report(f"step {done:,}: training {result.loss_nats:.4f} nats, {result.tokens / seconds:,.0f} tokens/s")
            self.evaluate(done)
        if self.schedule.checkpoints_after(done):
            self._checkpoint(done)

    def _checkpoint(self, done: int) -> None:
        state = TrainingState(done, self.fingerprint)
        keep = self.schedule.keep_checkpoints
        save_checkpoint(
            self.directory / CHECKPOINTS, self.model, self.optimiser, state, keep=keep, world=self.world
        )

    def _stop_if_asked(self, done: int, stop: StopRequest) -> None:
        if done == self.schedule.steps or not self.world.any(stop.reason is not None):
            return
        reason = next(reason for reason in self.world.gather(stop.reason) if reason)
        self._checkpoint(done)
        with self.world.together():
            if self.world.is_main:
                raise PreemptedError(
                    f"{reason} after step {done:,}; checkpoint written",
                    place=self.directory,
                    remedy="run the same command with --resume",
                )

    def _give_up(self, step: int, result: StepResult) -> None:
        """Describe the batch and end the run, in all processes: the loss is the sum of theirs."""
        parts = self.world.gather(result.own_loss_nats)
        with self.world.together():
            if self.world.is_main:
                self._describe(step, result, parts)

    def _describe(self, step: int, result: StepResult, parts: list[float]) -> None:
        place = self.directory / f"non-finite-step-{step + 1}.json"
        report = {
            "step": step + 1,
            "loss_nats": _jsonable(result.loss_nats),
            "gradient_norm": _jsonable(result.gradient_norm),
            "finite": result.finite,
            "processes_not_finite": [rank for rank, part in enumerate(parts) if not math.isfinite(part)],
            **self.describe(step),
        }
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
