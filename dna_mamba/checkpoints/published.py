"""Directories of published checkpoints: ``config.json`` beside the weights, see ``checkpoints.weight_files``."""

import json
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from dna_mamba.checkpoints.caduceus import SCORE, export_tensors, import_tensors
from dna_mamba.checkpoints.caduceus_config import (
    PublishedConfig,
    from_native,
    parse_published,
    to_native,
)
from dna_mamba.checkpoints.manifest import read_json
from dna_mamba.checkpoints.tensors import assemble
from dna_mamba.checkpoints.weight_files import SAFETENSORS, find_weights, read_tensors
from dna_mamba.errors import InputError
from dna_mamba.models import LoadedModel, TaskModel, describe_kind

CONFIG = "config.json"


def load_published(directory: Path) -> LoadedModel:
    """The model of a published directory.

    Raises:
        InputError: a field or a tensor that is missing, unknown, malformed or not supported; it is named.
    """
    weights = find_weights(directory)
    tensors = read_tensors(weights)
    place = directory / CONFIG
    content = read_json(place)
    published = parse_published(content, place)
    config = to_native(published, _labels(published, tensors, place), place)
    return assemble(config, import_tensors(tensors, published, config, str(weights.place)), weights.place)


def write_published(model: LoadedModel, directory: Path, original: Path | None = None) -> None:
    """Write a model into an existing directory, in the published format.

    ``original`` is a ``config.json`` it once came with; it is copied if it describes this model.

    Raises:
        InputError: the model has a head, for which the published format has no place.
    """
    if isinstance(model, TaskModel):
        raise InputError(f"{describe_kind(model)} has no published format", remedy="convert the model it was made of")
    text = (json.dumps(from_native(model.config), indent=1) + "\n").encode()
    if original is not None:
        published = parse_published(read_json(original), original)
        if to_native(published, model.config.num_labels, original) == model.config:
            text = original.read_bytes()
    (directory / CONFIG).write_bytes(text)
    published = parse_published(read_json(directory / CONFIG), directory)
    tensors = export_tensors(model.state_dict(), published, model.config)
    (directory / SAFETENSORS).write_bytes(save(tensors, metadata={"format": "pt"}))


def _labels(published: PublishedConfig, tensors: dict[str, Tensor], place: Path) -> int:
    """Labels of a classifier, 0 for a language model; the config's word on it must be the weights'."""
    if not published.is_classifier:
        return 0
    if SCORE not in tensors:
        raise InputError(f"missing tensor {SCORE!r}", place=place.parent, remedy="take the weights of a classifier")
    shape = tuple(tensors[SCORE].shape)
    labels = shape[0] if len(shape) == 2 else 0
    if not labels or labels != (published.stated_labels or labels):
        stated = published.stated_labels
        raise InputError(f"num_labels: {stated}, and {SCORE!r} is {shape}", place=place, remedy="correct it")
    return labels
