"""Training state on disk: a model directory plus the optimiser's moments and the step, whole or not at all.

Batches and the learning rate are functions of the step, so the step is all the randomness there is. Tensors are whole,
however many processes train and whatever each of them keeps, so that any number of them resumes any checkpoint.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save
from torch import Tensor, nn

from dna_mamba.checkpoints.manifest import read_json, verify_manifest, write_manifest
from dna_mamba.checkpoints.native import WEIGHTS, write_model
from dna_mamba.checkpoints.tensors import assemble, check_all, read_weights
from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_directory
from dna_mamba.models import LoadedModel, head_of
from dna_mamba.training.distributed.tensors import fetch, fill
from dna_mamba.training.distributed.world import ALONE, World

OPTIMISER, STATE = "optimiser.safetensors", "state.json"
TrainedModel = LoadedModel
_MOMENTS = ("exp_avg", "exp_avg_sq")
_PREFIX = "step-"


class TrainingState(NamedTuple):
    """``step`` optimiser steps are done; ``recipe_sha256`` fingerprints what they were done with."""

    step: int
    recipe_sha256: str


class _Content(NamedTuple):
    """A checkpoint as read: tensors by name, moments by ``moment/parameter``."""

    state: TrainingState
    weights: dict[str, Tensor]
    moments: dict[str, Tensor]


def checkpoint_path(directory: Path, step: int) -> Path:
    """Where the checkpoint after ``step`` steps lies; names sort by step."""
    return directory / f"{_PREFIX}{step:09d}"


def list_checkpoints(directory: Path) -> list[Path]:
    """Checkpoints of a run, newest first, whether intact or not."""
    return sorted((p for p in directory.glob(f"{_PREFIX}*") if p.is_dir()), reverse=True)


def save_checkpoint(
    directory: Path,
    model: TrainedModel,
    optimiser: torch.optim.Optimizer,
    state: TrainingState,
    *,
    keep: int,
    world: World = ALONE,
) -> Path:
    """Write the checkpoint of a step, then drop all but the ``keep`` newest. All processes call it, one writes.

    Raises:
        MachineError: the disk is full; older checkpoints are untouched.
    """
    path = checkpoint_path(directory, state.step)
    whole = whole_model(model, world)
    moments = _moments(model, optimiser, world)
    with world.together():
        if whole is not None:
            directory.mkdir(parents=True, exist_ok=True)
            with atomic_directory(path, force=True) as target:
                write_model(whole, target)
                (target / OPTIMISER).write_bytes(save(moments))  # save_file has an error of its own for a full disk
                (target / STATE).write_text(json.dumps(state._asdict()) + "\n")
                write_manifest(target)
            for old in list_checkpoints(directory)[keep:]:
                shutil.rmtree(old)
    return path


def whole_model(model: TrainedModel, world: World) -> TrainedModel | None:
    """A model whose weights are all in this process, for rank 0 to write; None in the others, which take part."""
    if world.size == 1:
        return model
    tensors = {name: fetch(tensor, world) for name, tensor in model.state_dict().items()}
    if not world.is_main:
        return None
    whole = {name: x for name, x in tensors.items() if x is not None}
    return assemble(model.config, whole, "the model in training", head_of(model))


def restore_newest(
    directory: Path,
    model: TrainedModel,
    optimiser: torch.optim.Optimizer,
    recipe_sha256: str,
    *,
    strict: bool,
    report: Callable[[str], None],
    world: World = ALONE,
) -> TrainingState | None:
    """Load the newest intact checkpoint; None if there is none at all. Rank 0 chooses and reads for all processes.

    A damaged one is reported and the next older taken, unless ``strict``.

    Raises:
        InputError: a checkpoint is damaged and ``strict`` is set, all are damaged, or it belongs to another recipe.
    """
    content = None
    with world.together():
        if world.is_main:
            content = _newest(directory, model, strict=strict, report=report)
            if content is not None and content.state.recipe_sha256 != recipe_sha256:
                place = checkpoint_path(directory, content.state.step)
                raise InputError(
                    "was written with another recipe", place=place, remedy="resume with the recipe of the run"
                )
    state = world.from_main(None if content is None else content.state)
    if state is not None:
        _load(content, model, optimiser, state.step, world)
    return state


def _newest(
    directory: Path, model: TrainedModel, *, strict: bool, report: Callable[[str], None]
) -> _Content | None:
    checkpoints = list_checkpoints(directory)
    for path in checkpoints:
        try:
            return _read(path, model)
        except InputError as error:
            if strict:
                raise
            report(f"checkpoint skipped: {error}")
    if checkpoints:
        raise InputError("every checkpoint is damaged", place=directory, remedy="start again with a new output")
    return None


def _read(path: Path, model: TrainedModel) -> _Content:
    """Raises InputError unless all of a checkpoint is there, undamaged, and of the model's shape."""
    verify_manifest(path)
    content = read_json(path / STATE)
    step, fingerprint = content.get("step"), content.get("recipe_sha256")
    if not isinstance(step, int) or not isinstance(fingerprint, str):
        raise InputError("has no step or recipe fingerprint", place=path / STATE)
    weights, moments = read_weights(path / WEIGHTS), read_weights(path / OPTIMISER)
    check_all(weights, model.state_dict(), path / WEIGHTS)
    for name, parameter in _trained(model):
        for moment in _MOMENTS if step else ():
            tensor = moments.get(f"{moment}/{name}")
            if tensor is None or tensor.shape != parameter.shape:
                raise InputError(f"no moments of the right shape for {name!r}", place=path / OPTIMISER)
    return _Content(TrainingState(step, fingerprint), weights, moments)


def _load(
    content: _Content | None, model: TrainedModel, optimiser: torch.optim.Optimizer, step: int, world: World
) -> None:
    """Give every process what rank 0 has read."""
    weights, moments = ({}, {}) if content is None else (content.weights, content.moments)
    for name, tensor in model.state_dict().items():
        fill(tensor, weights.get(name), world)
    for name, parameter in _trained(model):
        if not step:
            continue
        state = {moment: torch.zeros_like(parameter, requires_grad=False) for moment in _MOMENTS}
        for moment, tensor in state.items():
            fill(tensor, moments.get(f"{moment}/{name}"), world)
        optimiser.state[parameter] = {"step": torch.tensor(float(step)), **state}


def _moments(model: nn.Module, optimiser: torch.optim.Optimizer, world: World) -> dict[str, Tensor]:
    """AdamW's running means by ``moment/parameter``; parameters that were never stepped are left out."""
    fetched = {
        f"{moment}/{name}": fetch(optimiser.state[parameter][moment], world)
        for name, parameter in model.named_parameters()
        for moment in _MOMENTS
        if moment in optimiser.state.get(parameter, {})
    }
    return {name: tensor for name, tensor in fetched.items() if tensor is not None}


def _trained(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
