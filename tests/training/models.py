"""Models small enough to train in a test."""

import torch

from dna_mamba.models import MaskedLanguageModel, ModelConfig
from dna_mamba.tokenizers import NucleotideTokenizer


def tiny_model(mode: str = "post-hoc", **changes: object) -> MaskedLanguageModel:
    """Two layers of 16 channels, weights from seed 0, in training mode."""
    torch.manual_seed(0)
    shape = {"d_model": 16, "n_layer": 2, "d_state": 4, "reverse_complement": mode}
    tokenizer = NucleotideTokenizer.caduceus().to_config()
    return MaskedLanguageModel(ModelConfig.model_validate({**shape, "tokenizer": tokenizer, **changes})).train()
