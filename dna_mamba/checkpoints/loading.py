"""Any model there is, by directory, packaged name or hub name."""

from pathlib import Path

import torch

from dna_mamba.checkpoints.hub import fetch, is_hub_name
from dna_mamba.checkpoints.manifest import file_sha256, verify_manifest
from dna_mamba.checkpoints.native import WEIGHTS, load_native
from dna_mamba.checkpoints.packaged import resolve
from dna_mamba.checkpoints.published import is_published, load_published, weights_file
from dna_mamba.models import MaskedLanguageModel, SequenceClassifier


def locate(path_or_name: str | Path) -> Path:
    """The directory of a model given by path, packaged name, or ``hf:owner/name``, which may download it.

    Raises:
        InputError: no such model.
    """
    return fetch(str(path_or_name)) if is_hub_name(path_or_name) else resolve(path_or_name)


def load_model(
    path_or_name: str | Path, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
) -> MaskedLanguageModel | SequenceClassifier:
    """A model in evaluation mode: our own format or published Caduceus and PlantCaduceus weights.

    ``.config`` and ``.tokenizer`` say what it reads; ``model(input_ids, lengths)`` gives ``.logits`` (B, L, V) and
    ``.hidden`` (B, L, C), or ``.logits`` (B, num_labels) from a sequence classifier.

    Args:
        path_or_name: a directory, a packaged name, or ``hf:owner/name`` from the Hugging Face hub.
        device: where the weights go.
        dtype: of the weights.

    Raises:
        InputError: no such model, or a file of it is missing, altered, malformed or not supported.
    """
    directory = locate(path_or_name)
    model = load_published(directory) if is_published(directory) else load_native(directory)
    return model.to(device=device, dtype=dtype).eval()


def weights_sha256(path_or_name: str | Path) -> str:
    """Hex SHA-256 of a model's weight file: the fingerprint that scores carry."""
    directory = locate(path_or_name)
    if is_published(directory):
        return file_sha256(weights_file(directory))
    return verify_manifest(directory)[WEIGHTS]
