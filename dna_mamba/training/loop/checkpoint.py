"""Training state on disk: a model directory plus the optimiser's moments and the step, whole or not at all.

Batches and the learning rate are functions of the step, so the step is all the randomness there is.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from dna_mamba.checkpoints.manifest import read_json, verify_manifest, write_manifest
from dna_mamba.checkpoints.native import WEIGHTS, write_model
from dna_mamba.checkpoints.tensors import load_weights, read_weights
from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_directory
from dna_mamba.models import MaskedLanguageModel, SequenceClassifier

OPTIMISER, STATE = "optimiser.safetensors", "state.json"
TrainedModel = MaskedLanguageModel | SequenceClassifier
_MOMENTS = ("exp_avg", "exp_avg_sq")
_PREFIX = "step-"


class TrainingState(NamedTuple):
    """``step`` optimiser steps are done; ``recipe_sha256`` fingerprints what they were done with."""

    step: int
    recipe_sha256: str


def checkpoint_path(directory: Path, step: int) -> Path:
    """Where the checkpoint after ``step`` steps lies; names sort by step."""
    return directory / f"{_PREFIX}{step:09d}"


def list_checkpoints(directory: Path) -> list[Path]:
    """Checkpoints of a run, newest first, whether intact or not."""
    return sorted((p for p in directory.glob(f"{_PREFIX}*") if p.is_dir()), reverse=True)


def save_checkpoint(
    directory: Path, model: TrainedModel, optimiser: torch.optim.Optimizer, state: TrainingState, *, keep: int
) -> Path:
    """Write the checkpoint of a step, then drop all but the ``keep`` newest.

    Raises:
        MachineError: the disk is full; older checkpoints are untouched.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = checkpoint_path(directory, state.step)
    with atomic_directory(path, force=True) as target:
        write_model(model, target)
        save_file(_moments(model, optimiser), target / OPTIMISER)
        (target / STATE).write_text(json.dumps(state._asdict()) + "\n")
        write_manifest(target)
    for old in list_checkpoints(directory)[keep:]:
        shutil.rmtree(old)
    return path


def restore_newest(
    directory: Path,
    model: TrainedModel,
    optimiser: torch.optim.Optimizer,
    recipe_sha256: str,
    *,
    strict: bool,
    report: Callable[[str], None],
) -> TrainingState | None:
    """Load the newest intact checkpoint; None if there is none at all.

    A damaged one is reported and the next older taken, unless ``strict``.

    Raises:
        InputError: a checkpoint is damaged and ``strict`` is set, all are damaged, or it belongs to another recipe.
    """
    checkpoints = list_checkpoints(directory)
    for path in checkpoints:
        try:
            state = _restore(path, model, optimiser)
        except InputError as error:
            if strict:
                raise
            report(f"checkpoint skipped: {error}")
            continue
        if state.recipe_sha256 != recipe_sha256:
            raise InputError("was written with another recipe", place=path, remedy="resume with the recipe of the run")
        return state
    if checkpoints:
        raise InputError("every checkpoint is damaged", place=directory, remedy="start again with a new output")
    return None


def _restore(path: Path, model: TrainedModel, optimiser: torch.optim.Optimizer) -> TrainingState:
    verify_manifest(path)
    content = read_json(path / STATE)
    step, fingerprint = content.get("step"), content.get("recipe_sha256")
    if not isinstance(step, int) or not isinstance(fingerprint, str):
        raise InputError("has no step or recipe fingerprint", place=path / STATE)
    load_weights(model, read_weights(path / WEIGHTS), path / WEIGHTS)
    _load_moments(model, optimiser, read_weights(path / OPTIMISER), step)
    return TrainingState(step, fingerprint)


def _moments(model: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """AdamW's running means by ``moment/parameter``; parameters that were never stepped are left out."""
    return {
        f"{moment}/{name}": optimiser.state[parameter][moment].detach().cpu().contiguous()
        for name, parameter in model.named_parameters()
        for moment in _MOMENTS
        if moment in optimiser.state.get(parameter, {})
    }


def _load_moments(model: nn.Module, optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor], step: int) -> None:
    for name, parameter in model.named_parameters():
        moments = {moment: tensors.get(f"{moment}/{name}") for moment in _MOMENTS}
        if any(tensor is None or tensor.shape != parameter.shape for tensor in moments.values()):
            if step == 0:
                continue
            raise InputError(f"no moments of the right shape for {name!r}", place=OPTIMISER)
        optimiser.state[parameter] = {
            "step": torch.tensor(float(step)),
            **{moment: tensor.to(parameter.device) for moment, tensor in moments.items() if tensor is not None},
        }
