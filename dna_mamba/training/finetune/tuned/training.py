"""One training by gradients: a task model from its first step to the epoch that its validation rows chose."""

import copy
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from safetensors.torch import save
from torch import Tensor

from dna_mamba.checkpoints.manifest import verify_manifest, write_manifest
from dna_mamba.checkpoints.native import WEIGHTS
from dna_mamba.checkpoints.tensors import read_weights
from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_directory
from dna_mamba.models import TaskModel
from dna_mamba.training.finetune.head import targets_of_windows, weights_of
from dna_mamba.training.finetune.problem import Asked
from dna_mamba.training.finetune.recipe import FinetuneRecipe
from dna_mamba.training.finetune.tuned.batches import EpochBatches, TaskBatch
from dna_mamba.training.finetune.tuned.objective import PRECISIONS, HeadObjective, loss_on
from dna_mamba.training.finetune.tuned.parts import choose_parts, merge_adapters, rate_factors
from dna_mamba.training.loop.log import LOG_FILE, read_log
from dna_mamba.training.loop.loop import CHECKPOINTS, TrainingLoop
from dna_mamba.training.loop.optimiser import OptimiserConfig, build_optimiser
from dna_mamba.training.loop.schedule import ScheduleConfig
from dna_mamba.training.loop.watcher import Watcher

_BEST = "best"


class Trained(NamedTuple):
    """A model after its training.

    Attributes:
        model: with the weights of the best epoch, adapters merged.
        epoch: that epoch; 0 is before the first step.
        log: rows of its log.
    """

    model: TaskModel
    epoch: int
    log: tuple[dict[str, object], ...]


class _EnoughError(Exception):
    """The training has nothing more to gain."""


class Lesson(NamedTuple):
    """One training.

    Attributes:
        asked: rows, parts and seed.
        recipe: of the run.
        model: as it starts; is trained.
        directory: of the training: checkpoints and log, from which it is resumed.
        epochs: train for so many and take the last; None lets the validation rows choose.
        told: takes a line for every epoch.
    """

    asked: Asked
    recipe: FinetuneRecipe
    model: TaskModel
    directory: Path
    epochs: int | None
    told: Callable[[str], None]


def train(lesson: Lesson) -> Trained:
    """Train, from the newest checkpoint in the directory where there is one that is not damaged.

    The directory stays, so that a run that is killed before it has kept the answers resumes from its last checkpoint.

    Raises:
        PreemptedError: SIGTERM or SIGUSR1 came; a checkpoint was written.
        NonFiniteLossError: loss or gradient is NaN or infinite.
        InputError: the weights of the best epoch are damaged.
        MachineError: the disk is full.
    """
    model, settings, asked = lesson.model.train(), lesson.recipe.training, lesson.asked
    choose_parts(model, lesson.recipe.how, settings, asked.seed)
    targets, weights = targets_of_windows(asked.problem), weights_of(asked.problem, asked.part.train)
    rows = asked.part.train if lesson.epochs is None else asked.part.known
    windows = asked.problem.windows_with(rows)
    batches = EpochBatches(model, asked.problem.windows, targets, windows, settings.batch_sequences, asked.seed)
    loop = _loop(lesson, batches, None if weights is None else weights.to(model.device))
    lesson.directory.mkdir(parents=True, exist_ok=True)
    done = _restored(lesson, loop)
    try:
        if done == 0:
            _judge(lesson, targets, weights, 0, batches.steps_per_epoch, loop)
        loop.run(done, Watcher())
        _judge(lesson, targets, weights, loop.schedule.steps, batches.steps_per_epoch, loop)
    except _EnoughError:
        pass
    epoch = _take_best(lesson, batches.steps_per_epoch)
    merge_adapters(model)
    return Trained(model.eval(), epoch, tuple(read_log(lesson.directory / LOG_FILE)))


def _restored(lesson: Lesson, loop: TrainingLoop[TaskBatch]) -> int:
    """Steps done, with the log up to there; a damaged checkpoint is told and costs the training its steps."""
    try:
        done = loop.restore(lambda line: None)
    except InputError as error:
        lesson.told(f"{lesson.asked.name} is trained again from its first step: {error}")
        shutil.rmtree(lesson.directory / CHECKPOINTS)
        done = 0
    last = loop.schedule.steps
    loop.log.keep(lambda row: done > 0 and (row["event"] != "evaluate" or row["step"] < last))
    return done


def _loop(lesson: Lesson, batches: EpochBatches, weights: Tensor | None) -> TrainingLoop[TaskBatch]:
    model, recipe, settings = lesson.model, lesson.recipe, lesson.recipe.training
    steps = settings.epochs * batches.steps_per_epoch
    optimiser = OptimiserConfig(
        learning_rate=settings.rate_of(recipe.how),
        warmup_steps=round(settings.warmup * steps),
        weight_decay=settings.weight_decay,
        clip_norm=settings.clip_norm,
    )
    factors = rate_factors(recipe.how, settings, model.config.n_layer)
    said = f"{recipe.model_dump_json()} {lesson.asked.name} {lesson.asked.problem.data.sha256}"
    every = batches.steps_per_epoch
    targets = targets_of_windows(lesson.asked.problem)

    def evaluate(step: int) -> None:
        _judge(lesson, targets, None if weights is None else weights.cpu(), step, every, loop)

    loop: TrainingLoop[TaskBatch] = TrainingLoop(
        directory=lesson.directory,
        model=model,
        optimiser=build_optimiser(model, optimiser, factors),
        settings=optimiser,
        schedule=ScheduleConfig(steps=steps, evaluate_every=every, checkpoint_every=every, keep_checkpoints=1),
        batches=batches,
        objective=HeadObjective(model, weights, PRECISIONS[settings.precision]),
        evaluate=evaluate,
        describe=lambda step: {"rows": batches.rows_of(step).tolist()},
        fingerprint=hashlib.sha256(said.encode()).hexdigest(),
    )
    return loop


def _judge(
    lesson: Lesson, targets: Tensor, weights: Tensor | None, step: int, every: int, loop: TrainingLoop[TaskBatch]
) -> None:
    """After an epoch: keep the weights if they are the best so far; end where nothing better came for long."""
    epoch, asked = step // every, lesson.asked
    if lesson.epochs is not None:
        loop.log.write("evaluate", step, epoch=epoch)
        if epoch >= lesson.epochs:
            raise _EnoughError
        return
    problem = asked.problem
    validation = problem.windows_with(asked.part.validation)
    loss = loss_on(lesson.model, problem.windows, targets, validation, weights)
    earlier = _losses(lesson)
    if loss < min(earlier, default=float("inf")):
        with atomic_directory(lesson.directory / _BEST, force=True) as target:
            weights_of_epoch = {name: x.detach().cpu().contiguous() for name, x in lesson.model.state_dict().items()}
            (target / WEIGHTS).write_bytes(save(weights_of_epoch))
            write_manifest(target)
    loop.log.write("evaluate", step, epoch=epoch, loss=loss)
    lesson.told(f"{asked.name}, epoch {epoch}: loss {loss:.4f} on the validation rows")
    losses = [*earlier, loss]
    if len(losses) - 1 - losses.index(min(losses)) >= lesson.recipe.training.patience:
        raise _EnoughError


def _losses(lesson: Lesson) -> list[float]:
    """On the validation rows, of the epochs so far."""
    rows = read_log(lesson.directory / LOG_FILE)
    return [float(row["loss"]) for row in rows if row["event"] == "evaluate" and "loss" in row]


def _take_best(lesson: Lesson, every: int) -> int:
    """Give the model the weights of its best epoch; which that is."""
    if lesson.epochs is not None:
        return lesson.epochs
    losses, best = _losses(lesson), lesson.directory / _BEST
    try:
        verify_manifest(best)
        lesson.model.load_state_dict(read_weights(best / WEIGHTS))
    except InputError as error:
        remedy = f"remove {lesson.directory}, and --resume trains it again"
        raise InputError(f"weights of the best epoch: {error}", remedy=remedy) from None
    return losses.index(min(losses))


def fresh(model: TaskModel) -> TaskModel:
    """A copy that can be trained while the model stays as it is."""
    copied = copy.deepcopy(model)
    for parameter in copied.parameters():
        parameter.requires_grad_(True)
    return copied


