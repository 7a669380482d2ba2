"""This project's own model format: ``config.json``, ``model.safetensors`` and ``manifest.json`` in a directory.

``config.json`` holds ``{"format": "dna-mamba", "version": 1, "model": ModelConfig}``, and ``"head": HeadConfig`` where
the model has one. Tensors carry the module's parameter names. No pickle is read or written.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from safetensors.torch import save

from dna_mamba.checkpoints.manifest import read_json, verify_manifest, write_manifest
from dna_mamba.checkpoints.tensors import assemble, read_weights
from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_directory
from dna_mamba.models import HeadConfig, LoadedModel, ModelConfig, head_of

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "CARD.md"
FORMAT, VERSION = "dna-mamba", 1
ConfigT = TypeVar("ConfigT", bound=BaseModel)


def write_model(model: LoadedModel, directory: Path) -> None:
    """Write configuration and weights into an existing directory, without a manifest."""
    config = {"format": FORMAT, "version": VERSION, "model": model.config.model_dump(mode="json")}
    if (head := head_of(model)) is not None:
        config["head"] = head.model_dump(mode="json")
    (directory / CONFIG).write_text(json.dumps(config, indent=1) + "\n")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    (directory / WEIGHTS).write_bytes(save(tensors))  # save_file would make it readable by its owner alone


def save_model(
    model: LoadedModel,
    path: str | Path,
    *,
    card: str | None = None,
    beside: Iterable[Path] = (),
    force: bool = False,
) -> None:
    """Write a model directory, whole or not at all; ``card`` is its model card in Markdown.

    Files ``beside`` it, such as the figures of the card, are copied into it.

    Raises:
        InputError: ``path`` exists and ``force`` is not set.
        MachineError: the disk is full.
    """
    with atomic_directory(path, force=force) as directory:
        write_model(model, directory)
        if card is not None:
            (directory / CARD).write_text(card)
        for file in beside:
            (directory / file.name).write_bytes(file.read_bytes())
        write_manifest(directory)


def read_config(directory: Path) -> ModelConfig:
    """The encoder's configuration of a model directory. Raises InputError naming the key that is wrong."""
    return parse_config(_content(directory).get("model"), directory / CONFIG)


def read_head(directory: Path) -> HeadConfig | None:
    """The head's configuration of a model directory, None where it has none. Raises InputError as ``read_config``."""
    content = _content(directory)
    return parse_as(HeadConfig, content["head"], directory / CONFIG, "head") if "head" in content else None


def _content(directory: Path) -> dict[str, object]:
    place = directory / CONFIG
    content = read_json(place)
    if content.get("format") != FORMAT or content.get("version") != VERSION:
        found = f"format {content.get('format')!r} version {content.get('version')!r}"
        raise InputError(f"{found} is not {FORMAT!r} version {VERSION}", place=place, remedy="convert the model")
    return content


def parse_config(content: object, place: str | Path) -> ModelConfig:
    """Validate a ModelConfig, naming the first wrong key."""
    return parse_as(ModelConfig, content, place, "model")


def parse_as(kind: type[ConfigT], content: object, place: str | Path, name: str) -> ConfigT:
    """Validate a configuration that is called ``name`` in its file. Raises InputError for the first wrong key."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or name
        raise InputError(f"{key}: {first['msg']}", place=place, remedy="correct the configuration") from None


def load_native(directory: Path) -> LoadedModel:
    """The model in a directory of this format, checked against its manifest.

    Raises:
        InputError: a file is missing, altered or malformed.
    """
    verify_manifest(directory)
    head, weights = read_head(directory), read_weights(directory / WEIGHTS)
    return assemble(read_config(directory), weights, directory / WEIGHTS, head)
