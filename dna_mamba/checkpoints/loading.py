"""Any model there is, by directory, packaged name or hub name."""

from pathlib import Path
from typing import Literal

import torch

from dna_mamba.checkpoints import adapted, caduceus_config
from dna_mamba.checkpoints.hub import fetch, is_hub_name
from dna_mamba.checkpoints.manifest import MANIFEST, read_json, verify_manifest
from dna_mamba.checkpoints.native import WEIGHTS, load_native
from dna_mamba.checkpoints.packaged import resolve
from dna_mamba.checkpoints.published import CONFIG, load_published
from dna_mamba.checkpoints.weight_files import find_weights, sha256_of
from dna_mamba.models import LoadedModel
from dna_mamba.models.precision import to_dtype


def locate(path_or_name: str | Path) -> Path:
    """The directory of a model given by path, packaged name, or ``hf:owner/name``, which may download it.

    Raises:
        InputError: no such model.
    """
    return fetch(str(path_or_name)) if is_hub_name(path_or_name) else resolve(path_or_name)


def format_of(directory: Path) -> Literal["native", "caduceus", "transformers"]:
    """Which format a model's directory has: by its manifest our own, else what its configuration says."""
    if not (directory / MANIFEST).exists():
        model_type = read_json(directory / CONFIG).get("model_type")
        if model_type == caduceus_config.MODEL_TYPE:
            return "caduceus"
        if model_type == adapted.MODEL_TYPE:
            return "transformers"
    return "native"


def load_model(
    path_or_name: str | Path, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
) -> LoadedModel:
    """A model in evaluation mode: our own format, what ``dna_mamba.hf`` saved, published Caduceus and PlantCaduceus.

    ``.config`` and ``.tokenizer`` say what it reads; ``model(input_ids, lengths)`` gives ``.logits`` (B, L, V) and
    ``.hidden`` (B, L, C), ``.logits`` (B, num_labels) from a published classifier, or from a model with a head of
    ours, a ``TaskModel``, what ``.head_config`` says.

    Args:
        path_or_name: a directory, a packaged name, or ``hf:owner/name`` from the Hugging Face hub.
        device: where the weights go.
        dtype: of the weights; of types narrower than float32, see ``models.precision.to_dtype``.

    Raises:
        InputError: no such model, or a file of it is missing, altered, malformed or not supported.
    """
    directory = locate(path_or_name)
    load = {"native": load_native, "caduceus": load_published, "transformers": adapted.load_adapted}
    model = load[format_of(directory)](directory)
    return to_dtype(model, dtype).to(device).eval()


def weights_sha256(path_or_name: str | Path) -> str:
    """Hex SHA-256 of a model's weights, the fingerprint that scores carry; of several files as ``sha256_of`` says.

    Raises:
        InputError: as ``load_model``.
    """
    directory = locate(path_or_name)
    if format_of(directory) == "native":
        return verify_manifest(directory)[WEIGHTS]
    return sha256_of(find_weights(directory))
