"""Pretraining: genomes and a recipe in, a model with its card out.

A run directory holds ``recipe.yaml`` (as resolved), ``log.jsonl``, ``checkpoints/`` and, at the end, ``model/``.
"""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
import yaml

from dna_mamba.checkpoints import save_model
from dna_mamba.data.batches import Batch, MaskedBatches
from dna_mamba.data.held_out import HeldOutPlan, held_out_rows
from dna_mamba.data.markov import best, markov_baselines
from dna_mamba.data.sampling import WindowSampler
from dna_mamba.data.store import Codes, Split, load_genomes, split_by_contig
from dna_mamba.errors import NonFiniteLossError, PreemptedError
from dna_mamba.io.atomic import atomic_output
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.training.loop.checkpoint import TrainingState, restore_newest, save_checkpoint
from dna_mamba.training.loop.log import RunLog, read_log
from dna_mamba.training.loop.optimiser import build_optimiser, learning_rate, set_learning_rate
from dna_mamba.training.loop.signals import StopRequest, stop_on_signal
from dna_mamba.training.loop.step import StepResult, train_step
from dna_mamba.training.pretrain.card import model_card
from dna_mamba.training.pretrain.loss import HeldOutLoss, held_out_loss
from dna_mamba.training.pretrain.recipe import Recipe

LOG, RECIPE, CHECKPOINTS, MODEL = "log.jsonl", "recipe.yaml", "checkpoints", "model"
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


Report = Callable[[str], None]
"""Takes one line of news."""


class Watcher(NamedTuple):
    """Who is told: ``report`` gets the news, ``advance`` the number of steps just done."""

    report: Report
    advance: Callable[[int], None]


class Run(NamedTuple):
    """Everything a run works with, built from its recipe alone."""

    recipe: Recipe
    directory: Path
    split: Split
    model: MaskedLanguageModel
    optimiser: torch.optim.Optimizer
    batches: MaskedBatches
    log: RunLog
    fingerprint: str

    @property
    def tokens_per_step(self) -> int:
        """Base pairs a step reads."""
        return self.recipe.batch.windows * self.recipe.batch.window_bp


def prepare(recipe: Recipe, directory: Path, device: torch.device) -> Run:
    """Read the genomes, split them, build model and optimiser; nothing is written yet."""
    held_out = recipe.genome
    split = split_by_contig(
        load_genomes(held_out.fasta), validation=held_out.validation, test=held_out.test, exclude=held_out.exclude
    )
    torch.manual_seed(recipe.seed)
    model = MaskedLanguageModel(recipe.model_config_of()).to(device)
    model.encoder.recompute = recipe.recompute
    both_strands = model.config.reverse_complement in ("augment", "post-hoc")
    sampler = WindowSampler(split.train, recipe.batch.window_bp, seed=recipe.seed, both_strands=both_strands)
    batches = MaskedBatches(
        split.train, sampler, model.tokenizer, recipe.masking, batch_windows=recipe.batch.windows, seed=recipe.seed
    )
    optimiser = build_optimiser(model, recipe.optimiser)
    log = RunLog(directory / LOG)
    return Run(recipe, directory, split, model, optimiser, batches, log, _fingerprint(recipe, split))


def begin(run: Run, report: Report, *, resume: bool, strict: bool = False) -> int:
    """Open a new run, or with ``resume`` restore its newest checkpoint; return the number of steps already done.

    Raises:
        InputError: resuming from another recipe, or from damaged checkpoints alone.
        MachineError: the disk is full.
    """
    done = _resume(run, report, strict) if resume else 0
    if done == 0:
        _start(run, report)
    return done


def pretrain(run: Run, watcher: Watcher, *, done: int, command: str = "") -> Path:
    """Train from step ``done`` (see ``begin``) to the recipe's last, evaluate, write the model and its card.

    Returns the model's directory.

    Raises:
        PreemptedError: SIGTERM or SIGUSR1 came; a checkpoint was written.
        NonFiniteLossError: loss or gradient is NaN or infinite; weights stay as they were, the batch is written down.
        MachineError: the disk is full.
    """
    with stop_on_signal() as stop:
        for step in range(done, run.recipe.schedule.steps):
            _one_step(run, step, watcher)
            watcher.advance(1)
            _stop_if_asked(run, step + 1, stop)
    return _finish(run, watcher, command)


def _start(run: Run, report: Report) -> None:
    run.directory.mkdir(parents=True, exist_ok=True)
    with atomic_output(run.directory / RECIPE, force=True) as stream:
        stream.write(yaml.safe_dump(run.recipe.model_dump(mode="json"), sort_keys=False).encode())
    run.log.keep(lambda row: False)
    bases = {use: sum(map(len, contigs.values())) for use, contigs in run.split._asdict().items() if use != "excluded"}
    run.log.write(
        "start", 0, parameters=run.model.n_parameters, torch=torch.__version__, threads=torch.get_num_threads(), **bases
    )
    report(f"{run.model.n_parameters:,} parameters, {bases['train']:,} bp to train on")
    _log_baselines(run, "validation", run.split.validation, 0, report)


def _resume(run: Run, report: Report, strict: bool) -> int:
    state = restore_newest(
        run.directory / CHECKPOINTS, run.model, run.optimiser, run.fingerprint, strict=strict, report=report
    )
    if state is None:
        report("no checkpoint yet: starting from step 0")
        return 0
    run.log.keep(lambda row: row["step"] <= state.step)
    report(f"resumed after step {state.step:,}")
    return state.step


def _log_baselines(run: Run, use: str, held_out: dict[str, Codes], step: int, report: Report) -> None:
    """Markov losses on one part of the split, written to the log and, the best of each kind, reported."""
    baselines = markov_baselines(run.split.train, held_out)
    run.log.write("baselines", step, split=use, bits_per_base={b.name: b.bits_per_base for b in baselines})
    marks = [best(baselines, kind) for kind in ("one-sided", "two-sided")]
    report(f"{use}: " + ", ".join(f"{mark.name} {mark.bits_per_base:.4f} bits per base" for mark in marks))


def _one_step(run: Run, step: int, watcher: Watcher) -> None:
    """Train on the batch of a 0-based step, then log, evaluate and checkpoint as the schedule says."""
    schedule, started = run.recipe.schedule, time.perf_counter()
    rate = learning_rate(step, schedule.steps, run.recipe.optimiser)
    set_learning_rate(run.optimiser, rate)
    batch = run.batches[step]
    result = train_step(
        run.model,
        run.optimiser,
        batch,
        clip_norm=run.recipe.optimiser.clip_norm,
        precision=PRECISIONS[run.recipe.precision],
    )
    if not result.finite:
        raise _non_finite(run, step, batch, result)
    done, last = step + 1, step + 1 == schedule.steps
    run.log.write(
        "train",
        done,
        loss_nats=result.loss_nats,
        gradient_norm=result.gradient_norm,
        learning_rate=rate,
        seconds=round(time.perf_counter() - started, 4),
    )
    if done % schedule.evaluate_every == 0 and not last:
        _evaluate(run, "validation", run.split.validation, run.recipe.validation, done, watcher)
    if done % schedule.checkpoint_every == 0 or last:
        _checkpoint(run, done)


def _checkpoint(run: Run, step: int) -> None:
    state = TrainingState(step, run.fingerprint)
    keep = run.recipe.schedule.keep_checkpoints
    save_checkpoint(run.directory / CHECKPOINTS, run.model, run.optimiser, state, keep=keep)


def _evaluate(
    run: Run, use: str, held_out: dict[str, Codes], plan: HeldOutPlan, step: int, watcher: Watcher
) -> HeldOutLoss:
    started = time.perf_counter()
    loss = held_out_loss(run.model, held_out_rows(held_out, plan, run.model.tokenizer))
    run.log.write(
        "evaluate",
        step,
        split=use,
        loss_nats=loss.loss_nats,
        bits_per_base=loss.bits_per_base,
        n_bases=loss.n_bases,
        seconds=round(time.perf_counter() - started, 4),
    )
    figures = f"{loss.loss_nats:.4f} nats, {loss.bits_per_base:.4f} bits per base ({loss.n_bases:,} bases)"
    watcher.report(f"step {step:,}: {use} {figures}")
    return loss


def _finish(run: Run, watcher: Watcher, command: str) -> Path:
    """Evaluate on validation and test, write the card and the model. Rows of an ending cut short are replaced."""
    steps = run.recipe.schedule.steps
    run.log.keep(lambda row: row["event"] == "train" or row["step"] < steps)
    _evaluate(run, "validation", run.split.validation, run.recipe.validation, steps, watcher)
    if run.split.test:
        _log_baselines(run, "test", run.split.test, steps, watcher.report)
        _evaluate(run, "test", run.split.test, run.recipe.test, steps, watcher)
    card = model_card(run.recipe, run.model, list(read_log(run.directory / LOG)), command)
    path = run.directory / MODEL
    save_model(run.model, path, card=card, force=True)
    watcher.report(f"model written to {path}")
    return path


def _stop_if_asked(run: Run, step: int, stop: StopRequest) -> None:
    if stop.received is None or step == run.recipe.schedule.steps:
        return
    _checkpoint(run, step)
    raise PreemptedError(
        f"{stop.received} after step {step:,}; checkpoint written",
        place=run.directory,
        remedy="run the same command with --resume",
    )


def _non_finite(run: Run, step: int, batch: Batch, result: StepResult) -> NonFiniteLossError:
    place = run.directory / f"non-finite-step-{step + 1}.json"
    report = {"step": step + 1, **result._asdict(), "windows": [window._asdict() for window in batch.windows]}
    with atomic_output(place, force=True) as stream:
        stream.write((json.dumps(report, indent=1) + "\n").encode())
    return NonFiniteLossError(
        f"loss {result.loss_nats}, gradient norm {result.gradient_norm} at step {step + 1}; the weights are unchanged",
        place=place,
        remedy="look at the windows named there, or lower optimiser.learning_rate",
    )


def _fingerprint(recipe: Recipe, split: Split) -> str:
    """SHA-256 over the recipe and the training sequence: what must agree for a resume to be the same run."""
    digest = hashlib.sha256(json.dumps(recipe.model_dump(mode="json"), sort_keys=True).encode())
    for chrom, codes in split.train.items():
        digest.update(f"{chrom}\t{len(codes)}\n".encode())
        digest.update(codes.tobytes())
    return digest.hexdigest()
