"""Fine-tuning for annotation: a model and annotated genomes in; a head for every base, and the genes it finds, out.

The last tenth of each contig is held out. Ways of training are run one after the other; what is finished is kept in the
run directory and not done again, and what was stopped resumes from its newest checkpoint.
"""

import hashlib
import json
import math
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch

from dna_mamba.annotation.labels import complement_of
from dna_mamba.annotation.options import DecoderOptions
from dna_mamba.checkpoints import load_model, save_model, weights_sha256
from dna_mamba.data.folds import FoldPlan
from dna_mamba.data.labelled.annotation import LabelledGenomes, read_labelled_genomes
from dna_mamba.errors import InputError
from dna_mamba.models import HeadConfig, MaskedLanguageModel, TaskModel
from dna_mamba.models.model import StrandModel
from dna_mamba.training.finetune.annotation.judging import LevelScores, judge_model, judge_orfs, loss_of
from dna_mamba.training.finetune.annotation.learning import BaseObjective, check_how, choose_weights, rate_of
from dna_mamba.training.finetune.annotation.report import results_of, table_of, write_ending, write_text
from dna_mamba.training.finetune.annotation.windows import (
    EPOCH_BP,
    LabelledStretch,
    WindowBatches,
    cut,
    divide,
    stack_windows,
)
from dna_mamba.training.finetune.outputs.directory import (
    MODEL,
    TRAININGS,
    check_run_directory,
    clear_run_directory,
    is_done,
    refuse_other_results,
    remove_work,
    write_finetune_recipe,
)
from dna_mamba.training.finetune.outputs.results import RESULTS
from dna_mamba.training.finetune.recipe import FinetuneRecipe
from dna_mamba.training.finetune.tuned.objective import PRECISIONS
from dna_mamba.training.loop.loop import TrainingLoop
from dna_mamba.training.loop.optimiser import OptimiserConfig, build_optimiser
from dna_mamba.training.loop.schedule import ScheduleConfig
from dna_mamba.training.loop.signals import StopRequest, stop_on_signal
from dna_mamba.training.loop.watcher import Watcher
from dna_mamba.version import __version__

WINDOW_BP = 1024
RANDOM, ORFS = "random-weights", "longest-orfs"
_SCORES = "scores.json"
_VALIDATION_WINDOWS = 64


class AnnotationJob:
    """One run, built from its recipe alone; nothing is written before ``run``.

    Args:
        recipe: the model, genomes with annotations, how and how long it is trained.
        directory: of the run.
        device: where models run.

    Raises:
        InputError: what the recipe asks for is not for annotations.
    """

    def __init__(self, recipe: FinetuneRecipe, directory: str | Path, device: str | torch.device = "cpu") -> None:
        self.recipe, self.directory, self.device = recipe, Path(directory), device
        check_how(recipe)
        if recipe.folds != FoldPlan():
            remedy = "leave the folds out: the last tenth of each contig is held out"
            raise InputError("folds of an annotation", place="folds", remedy=remedy)
        self.window_bp = recipe.data.window_bp or WINDOW_BP

    @cached_property
    def genomes(self) -> LabelledGenomes:
        """The genomes with a label a base."""
        return read_labelled_genomes(self.recipe.data.genome, self.recipe.data.annotation)

    @cached_property
    def divided(self) -> tuple[list[LabelledStretch], list[LabelledStretch]]:
        """What is trained on and what is held out."""
        return divide(self.genomes.contigs, self.window_bp)

    @property
    def decoder(self) -> DecoderOptions:
        """How held-out answers become genes."""
        return DecoderOptions(genetic_code=self.genomes.genetic_code)

    @property
    def schedule(self) -> ScheduleConfig:
        """Steps: an epoch is 2,000,000 bases, or what there is to train on if that is less."""
        total_bp = sum(item.end - item.start for item in self.divided[0])
        step_bp = self.recipe.training.batch_sequences * self.window_bp
        an_epoch = max(1, min(EPOCH_BP, total_bp) // step_bp)
        steps = an_epoch * self.recipe.training.epochs
        return ScheduleConfig(steps=steps, evaluate_every=an_epoch, checkpoint_every=min(50, an_epoch))

    def methods(self) -> list[str]:
        """Ways of training: the recipe's own first."""
        return [self.recipe.how, *([RANDOM] if RANDOM in self.recipe.baselines else [])]

    def plan(self) -> str:
        """What the run takes, in a line."""
        n_bp = self.schedule.steps * self.recipe.training.batch_sequences * self.window_bp
        names = ", ".join(self.methods())
        held_bp = sum(item.end - item.start for item in self.divided[1])
        seeds = self.recipe.seeds
        return f"{names}: {n_bp:,} bases of training each, {seeds} seeds, then {held_bp:,} held-out bases read"

    def run(
        self, watcher: Watcher, *, resume: bool = False, force: bool = False, command: str = ""
    ) -> list[str]:
        """Train and judge every way, keep the model of the first; the lines of the table.

        Args:
            watcher: told how it is getting on.
            resume: take up what an earlier run of the same recipe has done, or start where there is none.
            force: replace a run that is there already.
            command: the command line, for the card.

        Raises:
            InputError: a file or the model cannot be used, or the directory holds something else.
            PreemptedError: SIGTERM or SIGUSR1 came; a checkpoint was written.
            NonFiniteLossError: loss or gradient is NaN or infinite.
            MachineError: the disk is full.
        """
        check_run_directory(self.directory, resume=resume, force=force)
        for note in self.genomes.notes:
            watcher.report(note)
        fingerprint = self._fingerprint()
        if resume and is_done(self.directory, self.recipe, fingerprint):
            watcher.report("this run is done already")
            remove_work(self.directory)
            return table_of(json.loads((self.directory / RESULTS).read_text())["methods"])
        if resume:
            refuse_other_results(self.directory)
        watcher.report(self.plan())
        self._build(self.recipe.how, 0)  # before anything is written
        if force and not resume:
            clear_run_directory(self.directory)
        self.directory.mkdir(exist_ok=True)
        write_finetune_recipe(self.recipe, self.directory)
        scores: dict[str, list[LevelScores]] = {}
        with stop_on_signal() as stop:
            for method in self.methods():
                for seed in range(self.recipe.seeds):
                    stop.check(self.directory)
                    scores.setdefault(method, []).append(self._unit(method, seed, fingerprint, watcher, stop))
            scores[ORFS] = [judge_orfs(self.divided[1], self.decoder)]
        results = results_of(self.recipe, self.genomes, self.divided, scores, fingerprint)
        write_ending(self.recipe, results, self.directory, command)
        remove_work(self.directory)
        return table_of(results["methods"])

    def _build(self, method: str, seed: int) -> TaskModel:
        """The model to train, its head drawn from the seed, and the encoder too with random weights."""
        names = self.genomes.names
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            encoder: StrandModel = load_model(self.recipe.model, self.device)
            if method == RANDOM:
                encoder = MaskedLanguageModel(encoder.config.model_copy(update={"num_labels": 0})).to(self.device)
            joins = encoder.config.reverse_complement in ("shared", "post-hoc")
            head = HeadConfig(
                task="bases",
                outputs=names,
                hidden=self.recipe.head.hidden,
                dropout=self.recipe.head.dropout,
                complement=complement_of(names) if joins else None,
                window_bp=self.window_bp,
            )
            model = TaskModel.on(encoder, head)
        choose_weights(model, self.recipe)
        return model.train()

    def _unit(self, method: str, seed: int, fingerprint: str, watcher: Watcher, stop: StopRequest) -> LevelScores:
        """Train and judge one way with one seed, unless that was done."""
        directory = self.directory / TRAININGS / f"{method}-{seed}"
        done = directory / _SCORES
        if done.is_file():
            held = json.loads(done.read_text())
            if held["fingerprint"] == fingerprint:
                watcher.report(f"{method}, seed {seed}: done already")
                return {name: math.nan if value is None else value for name, value in held["scores"].items()}
            remedy = "--force starts again"
            raise InputError("holds a run of other files or another recipe", place=self.directory, remedy=remedy)
        directory.mkdir(parents=True, exist_ok=True)
        model = self._build(method, seed)
        watcher.report(f"{method}, seed {seed}: {self.schedule.steps:,} steps, {model.n_parameters:,} weights")
        loop = self._loop(model, directory, seed, f"{fingerprint} {method} {seed}", watcher)
        loop.run(loop.restore(watcher.report), watcher)
        model.eval()
        scores = judge_model(model, self.divided[1], self.decoder, lambda: stop.check(self.directory))
        save_model(model, directory / MODEL, force=True)
        plain = {name: None if math.isnan(value) else value for name, value in scores.items()}
        write_text(done, json.dumps({"fingerprint": fingerprint, "scores": plain}))
        return scores

    def _loop(
        self, model: TaskModel, directory: Path, seed: int, fingerprint: str, watcher: Watcher
    ) -> TrainingLoop[Any]:
        training, (train, held) = self.recipe.training, self.divided
        objective = BaseObjective(model, PRECISIONS[training.precision])
        batches = WindowBatches(train, model.tokenizer, self.window_bp, training.batch_sequences, seed)
        windows = [stack_windows([item], model.tokenizer) for item in cut(held, self.window_bp, _VALIDATION_WINDOWS)]
        settings = OptimiserConfig(
            learning_rate=rate_of(self.recipe),
            warmup_steps=round(training.warmup * self.schedule.steps),
            weight_decay=training.weight_decay,
            clip_norm=training.clip_norm,
        )
        evaluate: Callable[[int], None] = partial(_evaluate, lambda: loop, model, objective, windows, watcher)
        loop: TrainingLoop[Any] = TrainingLoop(
            directory=directory,
            model=model,
            optimiser=build_optimiser(model, settings),
            settings=settings,
            schedule=self.schedule,
            batches=batches,
            objective=objective,
            evaluate=evaluate,
            describe=lambda step: {"windows": [str(place) for place in batches.places(step)]},
            fingerprint=fingerprint,
        )
        return loop

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(self.recipe.model_dump_json().encode())
        digest.update(f"{weights_sha256(self.recipe.model)} {__version__}".encode())
        for contig in self.genomes.contigs:
            digest.update(contig.chrom.encode() + contig.codes.tobytes() + contig.labels.tobytes())
        return digest.hexdigest()


def _evaluate(
    loop: Callable[[], TrainingLoop[Any]],
    model: TaskModel,
    objective: BaseObjective,
    windows: list[Any],
    watcher: Watcher,
    step: int,
) -> None:
    loss_nats = loss_of(model, objective, windows)
    loop().log.write("validation", step, loss_nats=loss_nats)
    watcher.report(f"step {step:,}: held-out {loss_nats:.4f} nats a base")
