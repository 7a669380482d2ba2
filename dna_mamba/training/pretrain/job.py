"""Pretraining: genomes and a recipe in, a model with its card out.

A run directory holds ``recipe.yaml`` (as resolved), ``log.jsonl``, ``checkpoints/`` and, at the end, ``model/`` and
``curve.png``.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from dna_mamba.checkpoints import save_model
from dna_mamba.data.batches import holds_target
from dna_mamba.data.leaks.report import homology_lines
from dna_mamba.errors import InputError
from dna_mamba.machine import processor_name
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.training.distributed.strategy import Strategy, spread_model
from dna_mamba.training.distributed.world import ALONE, World
from dna_mamba.training.loop.checkpoint import TrainedModel, whole_model
from dna_mamba.training.loop.log import RunLog, read_log
from dna_mamba.training.loop.loop import LOG, TrainingLoop
from dna_mamba.training.loop.optimiser import build_optimiser
from dna_mamba.training.loop.watcher import SILENT, Report, Watcher
from dna_mamba.training.pretrain.card import model_card
from dna_mamba.training.pretrain.contexts import log_contexts
from dna_mamba.training.pretrain.directory import (
    MODEL,
    check_directory,
    clear_directory,
    draw_curve,
    event_files,
    write_recipe,
)
from dna_mamba.training.pretrain.estimate import TrainingEstimate, estimate_training
from dna_mamba.training.pretrain.held_out import check_part, evaluate, held_out_parts, log_baselines
from dna_mamba.training.pretrain.loss import PRECISIONS, MaskedObjective
from dna_mamba.training.pretrain.memory import check_memory
from dna_mamba.training.pretrain.recipe import Recipe
from dna_mamba.training.pretrain.shares import BatchShare, SharedBatches
from dna_mamba.training.pretrain.size import RunSize, size_of_run
from dna_mamba.training.pretrain.source import fingerprint_of, read_split, training_batches
from dna_mamba.training.pretrain.start import n_frozen, starting_point


class PretrainJob:
    """One pretraining run, built from its recipe alone; nothing is written before ``run``.

    Args:
        recipe: what to train, on what, and how.
        directory: of the run.
        device: where the model is trained.
        world: the processes that train it together; each makes this job and calls ``run``.

    Attributes:
        recipe: with what it takes from a model that it continues.
        origin: of the weights it continues from; None where they are random.
        split: which places of the genomes are trained on and which are held out.
        model: as it starts before ``run``, trained after it.
        batches: what each step reads.

    Raises:
        InputError: a genome cannot be read, the split is impossible, or a part of it holds no base to predict.
    """

    def __init__(
        self,
        recipe: Recipe,
        directory: str | Path,
        device: str | torch.device = "cpu",
        *,
        world: World = ALONE,
    ) -> None:
        start = starting_point(recipe)
        self.recipe = recipe = start.recipe
        self.origin = start.origin
        self.directory = Path(directory)
        self.world = world
        self.split = read_split(recipe)
        self.model = start.model.to(device)
        self.batches = training_batches(recipe, self.split, self.model)
        self._held_out = held_out_parts(recipe, self.split)
        self._has_trained = False
        self._check_targets()

    def size(self) -> RunSize:
        """Numbers, tokens, memory and disk of the run, from its shapes; nothing is measured."""
        return size_of_run(self.recipe, self.model, self.split, self.batches, self.directory, self.world)

    def estimate(self) -> TrainingEstimate:
        """How long ``run`` will take, measured on a little of its work; changes nothing.

        Raises:
            MachineError: a step does not fit in memory; says what would.
        """
        check_memory(self.recipe, self.model, self.world)
        return estimate_training(self.recipe, self.model, self.split, self.batches, self.world)

    def run(
        self,
        watcher: Watcher = SILENT,
        *,
        resume: bool = False,
        strict: bool = False,
        force: bool = False,
        command: str = "",
    ) -> Path:
        """Train, evaluate, write the model with its card; its directory. Rank 0 writes and reports.

        Args:
            watcher: told how it is getting on.
            resume: from the newest checkpoint of the directory, or start where there is none.
            strict: with ``resume``, take no older checkpoint where the newest is damaged.
            force: replace a run that is there already.
            command: the command line, for the card.

        Raises:
            InputError: the directory holds something else, or nothing that can be resumed with this recipe; or this job
                is to start from a model that it has trained already.
            PreemptedError: SIGTERM or SIGUSR1 came; a checkpoint was written.
            NonFiniteLossError: loss or gradient is NaN or infinite; weights stay as they were.
            MachineError: memory does not suffice, or the disk is full.
            ReportedElsewhereError: another process raised one of these.
        """
        if not self.world.is_main:
            watcher = SILENT
        with self.world.together():
            if self.world.is_main:
                check_directory(self.directory, resume=resume, force=force)
            check_memory(self.recipe, self.model, self.world)
        loop = self._loop(watcher.report)
        done = loop.restore(watcher.report, strict=strict) if resume else 0
        if done == 0:
            self._start(loop, watcher.report, clear=force and not resume)
        self._has_trained = True
        loop.run(done, watcher)
        return self._finish(loop, watcher.report, command)

    @cached_property
    def _strategy(self) -> Strategy:
        return spread_model(self.model, self.model.encoder.layers, self.world, self.recipe.distributed)

    def _loop(self, report: Report) -> TrainingLoop[BatchShare]:
        recipe, world, strategy = self.recipe, self.world, self._strategy

        def validate(step: int) -> None:
            if "validation" in self._held_out:
                evaluate(self._held_out["validation"], self.model, step, loop.log, report, world=world)

        def describe(step: int) -> dict[str, object]:
            return {"windows": [window._asdict() for window in self.batches[step].windows]}

        loop: TrainingLoop[BatchShare] = TrainingLoop(
            directory=self.directory,
            model=self.model,
            optimiser=build_optimiser(self.model, recipe.optimiser),
            settings=recipe.optimiser,
            schedule=recipe.schedule,
            batches=SharedBatches(self.batches, world, recipe.batch.micro_windows),
            objective=MaskedObjective(self.model, PRECISIONS[recipe.precision]),
            evaluate=validate,
            describe=describe,
            fingerprint=self._fingerprint(),
            world=world,
            strategy=strategy,
            followers=event_files(recipe, self.directory) if world.is_main else (),
        )
        return loop

    def _fingerprint(self) -> str:
        fingerprint = fingerprint_of(self.recipe, self.split)
        if len(set(self.world.gather(fingerprint))) > 1:
            raise InputError(
                "processes of this run read different genomes or recipes",
                place=", ".join(self.recipe.genome.files),
                remedy="give all machines the same files",
            )
        return fingerprint

    def _start(self, loop: TrainingLoop[BatchShare], report: Report, *, clear: bool) -> None:
        if self._has_trained:
            raise InputError("this job's model is trained already", remedy="make a new PretrainJob to start again")
        with self.world.together():
            if self.world.is_main:
                self._open_directory(loop, report, clear=clear)
        if self.origin is not None and "validation" in self._held_out:  # what there is to lower
            evaluate(self._held_out["validation"], self.model, 0, loop.log, report, world=self.world)

    def _open_directory(self, loop: TrainingLoop[BatchShare], report: Report, *, clear: bool) -> None:
        if clear:
            clear_directory(self.directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        write_recipe(self.recipe, self.directory)
        loop.log.keep(lambda row: False)
        split = self.split
        facts: dict[str, Any] = {use: sum(map(len, getattr(split, use))) for use in ("train", "validation", "test")}
        if split.margin_bp:
            facts["margin_bp"] = split.margin_bp
        if split.homology is not None:
            facts["homology"] = split.homology
            for line in homology_lines(split.homology):
                report(line)
        if self.origin is not None:
            facts |= self.origin.row() | {"frozen_parameters": n_frozen(self.model)}
            report(str(self.origin))
        facts["processor"] = _processor(self.model.device)
        if self.world.size > 1:
            facts["processes"] = self.world.size
        n_parameters, threads = self.model.n_parameters, torch.get_num_threads()
        loop.log.write("start", 0, parameters=n_parameters, torch=torch.__version__, threads=threads, **facts)
        report(f"{n_parameters:,} parameters, {facts['train']:,} bp to train on")
        if "validation" in self._held_out:
            log_baselines(self._held_out["validation"], split.sequences(split.train), 0, loop.log, report)
        else:
            report("no validation: nothing says when to stop")

    def _finish(self, loop: TrainingLoop[BatchShare], report: Report, command: str) -> Path:
        """Evaluate on validation and test, write the card and the model. Rows of an ending cut short are replaced."""
        steps = self.recipe.schedule.steps
        loop.log.keep(lambda row: row["event"] == "train" or row["step"] < steps)
        for use, part in self._held_out.items():
            with self.world.together():
                if use == "test" and self.world.is_main:
                    log_baselines(part, self.split.sequences(self.split.train), steps, loop.log, report)
            evaluate(part, self.model, steps, loop.log, report, world=self.world)
        whole = whole_model(self.model, self.world)
        with self.world.together():
            if whole is not None:
                self._write_model(whole, report, command)
        return self.directory / MODEL

    def _write_model(self, model: TrainedModel, report: Report, command: str) -> None:
        assert isinstance(model, MaskedLanguageModel)  # of the kind of self.model
        steps, log = self.recipe.schedule.steps, RunLog(self.directory / LOG)
        for part in self._held_out.values():
            log_contexts(part, model, steps, log, report)
        figure = draw_curve(self.directory, self.recipe.about.name, report)
        figures = [] if figure is None else [figure]
        rows, path = list(read_log(self.directory / LOG)), self.directory / MODEL
        card = model_card(self.recipe, self.model, rows, command, has_figure=bool(figures))
        save_model(model, path, card=card, beside=figures, force=True)
        report(f"model written to {path}")

    def _check_targets(self) -> None:
        recipe, tokenizer = self.recipe, self.model.tokenizer
        train = self.split.sequences(self.split.train)
        if not holds_target(train, tokenizer, recipe.masking, recipe.batch.window_bp):
            raise InputError(
                f"no base to predict among the {sum(map(len, train)):,} bp to train on",
                place=", ".join(recipe.genome.files),
                remedy="train on sequence with A, C, G and T, in windows longer than a token, with weight in the loss",
            )
        for part in self._held_out.values():
            check_part(part, tokenizer)


def _processor(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor_name()
