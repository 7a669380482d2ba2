"""Models as callers give them: open, or by directory or name."""

import hashlib
from pathlib import Path

import torch
from safetensors.torch import save

from dna_mamba.checkpoints import load_model, weights_sha256
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import LoadedModel, MaskedLanguageModel, SequenceClassifier, TaskModel, describe_kind
from dna_mamba.models.precision import Precision, in_precision


def as_model(
    model: LoadedModel | str | Path,
    device: str | torch.device | None = None,
    precision: Precision | None = None,
) -> MaskedLanguageModel:
    """The model itself, or loaded from where ``load_model`` finds it; moved to ``device`` unless that is None.

    In another ``precision`` than its own an open model is copied and stays as it is; None takes its own, float32 for
    one that is loaded.

    Raises:
        InputError: no such model, a damaged one, or one that says nothing of single positions; or no such precision on
            that device.
    """
    opened = _opened(model, device)
    return opened if precision is None else in_precision(opened, precision)


def as_task_model(
    model: LoadedModel | str | Path,
    device: str | torch.device | None = None,
    precision: Precision | None = None,
) -> TaskModel:
    """A model with a head, given as for ``as_model``; of a published classifier, the same function with a head of ours.

    Raises:
        InputError: no such model, a damaged one, or one without a head; or no such precision on that device.
    """
    opened = _loaded(model, device)
    if isinstance(opened, SequenceClassifier):
        opened = opened.as_task_model()
    if not isinstance(opened, TaskModel):
        remedy = "give a model that finetune wrote"
        place = model if isinstance(model, str | Path) else None
        raise InputError(f"is {describe_kind(opened)}, not a model with a head", place=place, remedy=remedy)
    return opened if precision is None else in_precision(opened, precision)


def _opened(model: LoadedModel | str | Path, device: str | torch.device | None) -> MaskedLanguageModel:
    loaded = _loaded(model, device)
    if not isinstance(loaded, MaskedLanguageModel):
        remedy = "give the language model that it was made of"
        place = model if isinstance(model, str | Path) else None
        raise InputError(f"is {describe_kind(loaded)}, not a language model", place=place, remedy=remedy)
    return loaded


def _loaded(model: LoadedModel | str | Path, device: str | torch.device | None) -> LoadedModel:
    if isinstance(model, str | Path):
        return load_model(model, device or "cpu")
    return model if device is None else model.to(device)


def fingerprints(model: LoadedModel | str | Path, genome: FastaReader) -> dict[str, str]:
    """What names a model and a genome for good: SHA-256 of weights and of reference, by the names of headers."""
    return {"weights_sha256": fingerprint(model), "reference_sha256": genome.fingerprint}


def fingerprint(model: LoadedModel | str | Path) -> str:
    """Hex SHA-256 of the weight file; of a model in memory, that of the file that saving it would write."""
    if isinstance(model, str | Path):
        return weights_sha256(model)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    return hashlib.sha256(save(tensors)).hexdigest()
