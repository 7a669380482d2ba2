"""Fine-tuning: a model and labelled rows in; a judged model, every held-out answer and its baselines out.

A run directory holds ``recipe.yaml`` (as resolved), ``log.jsonl``, what is done so far, and at the end ``model/``,
``results.json``, ``predictions.tsv`` and ``figures/``.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import torch

from dna_mamba.checkpoints import weights_sha256
from dna_mamba.models import TaskModel
from dna_mamba.runs.counts import Advance, untold
from dna_mamba.training.finetune.checks import need_library
from dna_mamba.training.finetune.encoders import EncoderShelf, Meter
from dna_mamba.training.finetune.estimate import FinetuneEstimate, estimate_finetuning
from dna_mamba.training.finetune.final import all_rows, final_probe
from dna_mamba.training.finetune.methods import Encoders, Method, methods_of
from dna_mamba.training.finetune.outputs.directory import (
    PROGRESS,
    RECIPE,
    check_run_directory,
    clear_run_directory,
    is_done,
    refuse_other_results,
    remove_training,
    remove_work,
    write_finetune_recipe,
)
from dna_mamba.training.finetune.outputs.ending import Ending, write_outputs
from dna_mamba.training.finetune.outputs.results import Found, table_again
from dna_mamba.training.finetune.problem import Asked, HeldOutAnswer, Problem
from dna_mamba.training.finetune.recipe import FinetuneRecipe
from dna_mamba.training.finetune.survey import LabelSurvey, survey_of
from dna_mamba.training.finetune.tuned.tuner import Tuner
from dna_mamba.training.finetune.units import TrainingUnit, UnitStore
from dna_mamba.training.loop.log import LOG_FILE, RunLog
from dna_mamba.training.loop.signals import stop_on_signal
from dna_mamba.version import __version__


@contextmanager
def _unmetered(what: str, unit: str, total: int) -> Iterator[Advance]:
    yield untold


class Onlooker(NamedTuple):
    """Who is told how a run is getting on: news in lines, and what shows a piece of work's progress."""

    report: Callable[[str], None] = lambda line: None
    meter: Meter = _unmetered


NOBODY = Onlooker()
"""Is told nothing."""


class FinetuneJob:
    """One fine-tuning run, built from its recipe alone; nothing is written before ``run``.

    Args:
        recipe: the model, the rows, the folds and the methods.
        directory: of the run.
        device: where models run.

    Raises:
        InputError: rows, folds or the model cannot be used.
    """

    def __init__(self, recipe: FinetuneRecipe, directory: str | Path, device: str | torch.device = "cpu") -> None:
        self.recipe, self.directory, self.device = recipe, Path(directory), device

    @cached_property
    def survey(self) -> LabelSurvey:
        """The rows, their folds and what leaks between them."""
        return survey_of(self.recipe)

    @property
    def problem(self) -> Problem:
        """The rows, as methods are given them."""
        return self.survey.problem

    def units(self, methods: list[Method]) -> list[TrainingUnit]:
        """In the order in which they are done: all folds and seeds of a method, then those of the next."""
        return [
            TrainingUnit(method.name, fold, seed)
            for method in methods
            for fold in range(len(self.survey.parts))
            for seed in range(self.recipe.seeds if method.is_random else 1)
        ]

    def estimate(self) -> FinetuneEstimate:
        """How long ``run`` will take, measured on a little of its work; changes nothing."""
        random = sum(name in ("cnn", "random-weights") for name in self.recipe.baselines) + (self.recipe.how != "probe")
        fixed = 1 + len(self.recipe.baselines) - random
        n_folds = len(self.survey.parts)
        trainings = n_folds * (fixed + random * self.recipe.seeds) + 1
        return estimate_finetuning(self.recipe, self.problem, n_folds, trainings, self.device)

    def run(
        self, onlooker: Onlooker = NOBODY, *, resume: bool = False, force: bool = False, command: str = ""
    ) -> list[str]:
        """Teach and judge every method on every fold, then ours on all rows; the lines of the table.

        Args:
            onlooker: told how it is getting on.
            resume: take up what an earlier run of the same recipe has done, or start where there is none.
            force: replace a run that is there already.
            command: the command line, for the card.

        Raises:
            InputError: the directory holds something else, or a run of another recipe.
            PreemptedError: SIGTERM or SIGUSR1 came; what was done is kept.
            MachineError: the disk is full; what was done is kept.
        """
        check_run_directory(self.directory, resume=resume, force=force)
        for note in self.survey.notes:
            onlooker.report(note)
        if resume and is_done(self.directory, self.recipe, self.problem.data.sha256):
            onlooker.report("this run is done already")
            remove_work(self.directory)
            return table_again(self.problem, self.directory)
        if resume:
            refuse_other_results(self.directory)
        need_library(self.recipe.how)  # this and the next before anything is written
        weights_sha256(self.recipe.model)
        if force and not resume:
            clear_run_directory(self.directory)
        self.directory.mkdir(exist_ok=True)
        if not (self.directory / RECIPE).is_file():  # it is what tells a run from other directories
            write_finetune_recipe(self.recipe, self.directory)
        with (
            UnitStore(self.directory / PROGRESS, self._facts(), resume=resume, force=force) as store,
            stop_on_signal() as stop,
        ):
            write_finetune_recipe(self.recipe, self.directory)  # the run there is of this recipe
            lines = self._run(store, lambda: stop.check(self.directory), onlooker, command)
        remove_work(self.directory)
        return lines

    def _run(self, store: UnitStore, check: Callable[[], None], onlooker: Onlooker, command: str) -> list[str]:
        shelf = EncoderShelf(self.recipe, self.problem, self.directory, self.device, check, onlooker.meter)
        tuner = Tuner(self.recipe, self.directory, shelf, onlooker.report)
        methods = methods_of(self.recipe, self.problem, Encoders(shelf.table_of, tuner.answer))
        answers = self._answers(methods, store, check, onlooker)
        found = Found(self.problem, self.survey.parts, {unit: answer.answers for unit, answer in answers.items()})
        own = [answer.chosen for unit, answer in answers.items() if unit.method == methods[0].name]
        onlooker.report(f"{methods[0].name} on all {len(self.problem.data):,} rows")
        model = self._final(shelf, tuner, own, check)
        ending = Ending(self.recipe, found, model, self.survey.leaks, self.survey.facts, command)
        return write_outputs(ending, self.directory, onlooker.report)

    def _answers(
        self, methods: list[Method], store: UnitStore, check: Callable[[], None], onlooker: Onlooker
    ) -> dict[TrainingUnit, HeldOutAnswer]:
        units = self.units(methods)
        by_name = {method.name: method for method in methods}
        log = RunLog(self.directory / LOG_FILE)
        finished = {unit.name for unit in units if store.has(unit)}
        log.keep(lambda row: row.get("unit") in finished)
        if finished:
            onlooker.report(f"{len(finished)} of {len(units)} trainings are done already")
        answers: dict[TrainingUnit, HeldOutAnswer] = {}
        started = time.perf_counter()
        for number, unit in enumerate(units):
            if not store.has(unit):
                check()
                before = time.perf_counter()
                part = self.survey.parts[unit.fold]
                answer = by_name[unit.method].answer(Asked(self.problem, part, unit.seed, unit.name, check))
                self._log(log, unit, number, answer, time.perf_counter() - before)
                store.write(unit, answer)
                remove_training(self.directory, unit.name)
            answers[unit] = store.read(unit)
            if number + 1 == len(units) or units[number + 1].method != unit.method:
                onlooker.report(f"{unit.method}: done after {time.perf_counter() - started:,.0f} s")
        return answers

    def _log(self, log: RunLog, unit: TrainingUnit, number: int, answer: HeldOutAnswer, seconds: float) -> None:
        place = {"unit": unit.name, **unit._asdict()}
        for row in answer.log:
            content: dict[str, Any] = dict(row)
            log.write(content.pop("event"), content.pop("step"), **place, **content)
        log.write("unit", number + 1, **place, chosen=answer.chosen, seconds=round(seconds, 3))

    def _final(
        self, shelf: EncoderShelf, tuner: Tuner, chosen: list[dict[str, Any]], check: Callable[[], None]
    ) -> TaskModel:
        asked = Asked(self.problem, all_rows(self.problem), 0, "model", check)
        if self.recipe.how == "probe":
            return final_probe(asked, shelf.pretrained(), shelf.probe_table(), chosen)
        return tuner.final(asked, chosen)

    def _facts(self) -> dict[str, str]:
        return {
            "recipe": self.recipe.model_dump_json(),
            "rows": self.problem.data.sha256,
            "weights": weights_sha256(self.recipe.model),
            "version": __version__,
        }

