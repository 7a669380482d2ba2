"""Small models with random weights, in both forms."""

import warnings
from pathlib import Path

import pytest
import torch

with warnings.catch_warnings():  # those of libraries while they are imported
    warnings.simplefilter("ignore")
    from dna_mamba.hf import DnaMambaForMaskedLM, DnaMambaTokenizer, from_native

from dna_mamba.models import MaskedLanguageModel, ModelConfig
from dna_mamba.tokenizers import NucleotideTokenizer


def native_model(vocabulary: str = "caduceus", **fields: object) -> MaskedLanguageModel:
    """Three layers, 16 channels, random weights large enough that every part matters."""
    torch.manual_seed(5)
    tokenizer = NucleotideTokenizer(vocabulary).to_config()
    config = ModelConfig(**{"d_model": 16, "n_layer": 3, "d_state": 4, "tokenizer": tokenizer, **fields})
    model = MaskedLanguageModel(config).eval()
    with torch.no_grad():
        model.encoder.embedding.weight.normal_()
    return model


@pytest.fixture
def native() -> MaskedLanguageModel:
    return native_model()


@pytest.fixture
def model(native: MaskedLanguageModel) -> DnaMambaForMaskedLM:
    adapted = from_native(native)
    assert isinstance(adapted, DnaMambaForMaskedLM)
    return adapted


@pytest.fixture
def tokenizer() -> DnaMambaTokenizer:
    return DnaMambaTokenizer()


@pytest.fixture
def saved(model: DnaMambaForMaskedLM, tokenizer: DnaMambaTokenizer, tmp_path: Path) -> Path:
    """What ``save_pretrained`` writes."""
    model.save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"
