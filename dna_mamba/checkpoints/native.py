"""This project's own model format: ``config.json``, ``model.safetensors`` and ``manifest.json`` in a directory.

``config.json`` holds ``{"format": "dna-mamba", "version": 1, "model": ModelConfig}``. Tensors carry the module's
parameter names. No pickle is read or written.
"""

import json
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from dna_mamba.checkpoints.manifest import read_json, verify_manifest, write_manifest
from dna_mamba.checkpoints.packaged import resolve
from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_directory
from dna_mamba.models import MaskedLanguageModel, ModelConfig

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "CARD.md"
FORMAT, VERSION = "dna-mamba", 1


def write_model(model: MaskedLanguageModel, directory: Path) -> None:
    """Write configuration and weights into an existing directory, without a manifest."""
    config = {"format": FORMAT, "version": VERSION, "model": model.config.model_dump(mode="json")}
    (directory / CONFIG).write_text(json.dumps(config, indent=1) + "\n")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    (directory / WEIGHTS).write_bytes(save(tensors))  # save_file would make it readable by its owner alone


def save_model(model: MaskedLanguageModel, path: str | Path, *, card: str | None = None, force: bool = False) -> None:
    """Write a model directory, whole or not at all; ``card`` is its model card in Markdown.

    Raises:
        InputError: ``path`` exists and ``force`` is not set.
        MachineError: the disk is full.
    """
    with atomic_directory(path, force=force) as directory:
        write_model(model, directory)
        if card is not None:
            (directory / CARD).write_text(card)
        write_manifest(directory)


def read_config(directory: Path) -> ModelConfig:
    """The configuration of a model directory. Raises InputError naming the key that is wrong."""
    place = directory / CONFIG
    content = read_json(place)
    if content.get("format") != FORMAT or content.get("version") != VERSION:
        found = f"format {content.get('format')!r} version {content.get('version')!r}"
        raise InputError(f"{found} is not {FORMAT!r} version {VERSION}", place=place, remedy="convert the model")
    return parse_config(content.get("model"), place)


def parse_config(content: object, place: str | Path) -> ModelConfig:
    """Validate a ModelConfig, naming the first wrong key."""
    try:
        return ModelConfig.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "model"
        raise InputError(f"{key}: {first['msg']}", place=place, remedy="correct the configuration") from None


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file by name. Raises InputError for a damaged file."""
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"cannot be read as safetensors ({error})", place=path, remedy="fetch it again") from None


def load_weights(model: torch.nn.Module, tensors: dict[str, Tensor], place: str | Path) -> None:
    """Copy tensors into a model by name. Raises InputError for a missing, surplus or wrongly shaped one."""
    expected = model.state_dict()
    for kind, names in (("missing", expected.keys() - tensors.keys()), ("surplus", tensors.keys() - expected.keys())):
        if names:
            remedy = "config and weights must belong together"
            raise InputError(f"{kind} tensor {min(names)!r}", place=place, remedy=remedy)
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            found, wanted = tuple(tensor.shape), tuple(expected[name].shape)
            raise InputError(f"tensor {name!r} has shape {found}, the config says {wanted}", place=place)
    model.load_state_dict(tensors)


def load_model(
    path_or_name: str | Path, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
) -> MaskedLanguageModel:
    """A model from a directory or a packaged name, checked against its manifest, in evaluation mode.

    Raises:
        InputError: no such model, or a file of it is missing, altered or malformed.
    """
    directory = resolve(path_or_name)
    verify_manifest(directory)
    model = MaskedLanguageModel(read_config(directory))
    load_weights(model, read_weights(directory / WEIGHTS), directory / WEIGHTS)
    return model.to(device=device, dtype=dtype).eval()


def weights_sha256(path_or_name: str | Path) -> str:
    """Hex SHA-256 of a model's weight file: the fingerprint that scores carry."""
    return verify_manifest(resolve(path_or_name))[WEIGHTS]
