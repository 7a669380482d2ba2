"""Directories of published checkpoints: ``config.json`` with ``model.safetensors`` or ``pytorch_model.bin``."""

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
from dna_mamba.checkpoints.tensors import assemble, read_pickled, read_weights
from dna_mamba.errors import InputError
from dna_mamba.models import MaskedLanguageModel, SequenceClassifier

CONFIG, SAFETENSORS, PICKLED = "config.json", "model.safetensors", "pytorch_model.bin"
_SHARDED = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
WEIGHT_FILES = (SAFETENSORS, PICKLED, *_SHARDED)


def weights_file(directory: Path) -> Path:
    """The file with the weights; safetensors come first. Raises InputError where there is none that is supported."""
    for name in (SAFETENSORS, PICKLED):
        if (directory / name).is_file():
            return directory / name
    for name in _SHARDED:
        if (directory / name).is_file():
            raise InputError("weights in several files are not supported", place=directory / name, remedy="join them")
    raise InputError(f"has neither {SAFETENSORS} nor {PICKLED}", place=directory, remedy="fetch it again")


def read_tensors(directory: Path) -> tuple[dict[str, Tensor], Path]:
    """Tensors of a directory by name, and the file they are from. Raises InputError as ``weights_file``, or damage."""
    path = weights_file(directory)
    return (read_weights(path) if path.name == SAFETENSORS else read_pickled(path)), path


def load_published(directory: Path) -> MaskedLanguageModel | SequenceClassifier:
    """The model of a published directory.

    Raises:
        InputError: a field or a tensor that is missing, unknown, malformed or not supported; it is named.
    """
    tensors, path = read_tensors(directory)
    content, place = read_json(directory / CONFIG), directory / CONFIG
    published = parse_published(content, place)
    config = to_native(published, _labels(published, tensors, place), place)
    return assemble(config, import_tensors(tensors, published, config, str(path)), path)


def write_published(
    model: MaskedLanguageModel | SequenceClassifier, directory: Path, original: Path | None = None
) -> None:
    """Write a model into an existing directory, in the published format.

    ``original`` is a ``config.json`` it once came with; it is copied if it describes this model.
    """
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
        raise InputError(f"missing tensor {SCORE!r}", place=place.parent, remedy="this is no classifier's file")
    shape = tuple(tensors[SCORE].shape)
    labels = shape[0] if len(shape) == 2 else 0
    if not labels or labels != (published.stated_labels or labels):
        stated = published.stated_labels
        raise InputError(f"num_labels: {stated}, and {SCORE!r} is {shape}", place=place, remedy="correct it")
    return labels
