"""Directories that ``save_pretrained`` of the Transformers adapter wrote; reading them takes no Transformers.

``config.json`` holds the fields of ``ModelConfig`` among Transformers' own, and tensors carry our names after
``network.``.
"""

from pathlib import Path

from torch import Tensor

from dna_mamba.checkpoints.manifest import read_json
from dna_mamba.checkpoints.native import parse_config
from dna_mamba.checkpoints.published import CONFIG
from dna_mamba.checkpoints.tensors import assemble
from dna_mamba.checkpoints.weight_files import find_weights, read_tensors
from dna_mamba.errors import InputError
from dna_mamba.models import LoadedModel, ModelConfig

MODEL_TYPE = "dna_mamba"
_PREFIX, _SCORE = "network.", "score.weight"
_CLASSIFIER = "DnaMambaForSequenceClassification"


def load_adapted(directory: Path) -> LoadedModel:
    """The model inside.

    Raises:
        InputError: a field or a tensor that is missing, surplus or malformed; it is named.
    """
    place = directory / CONFIG
    content = read_json(place)
    weights = find_weights(directory)
    tensors = read_tensors(weights)
    if foreign := [name for name in tensors if not name.startswith(_PREFIX)]:
        raise InputError(f"surplus tensor {min(foreign)!r}", place=weights.place, remedy="merge adapters before saving")
    ours = {name.removeprefix(_PREFIX): tensor for name, tensor in tensors.items()}
    fields = {name: content[name] for name in ModelConfig.model_fields if name in content}
    config = parse_config(fields | {"num_labels": _labels(content.get("architectures"), ours, place)}, place)
    return assemble(config, ours, weights.place)


def _labels(architectures: object, tensors: dict[str, Tensor], place: Path) -> int:
    """Labels of a classifier as its weights have them, 0 for a language model."""
    if architectures != [_CLASSIFIER]:
        return 0
    if _SCORE not in tensors or tensors[_SCORE].dim() != 2:
        raise InputError(f"{_CLASSIFIER} without scores", place=place, remedy="fetch it again")
    return tensors[_SCORE].shape[0]
