"""Bidirectional, reverse-complement-aware Mamba encoders."""

from dna_mamba.models.config import ModelConfig, preset
from dna_mamba.models.encoder import Encoder
from dna_mamba.models.model import MaskedLanguageModel, SequenceClassifier, build_model
from dna_mamba.models.strands import ModelOutput

__all__ = [
    "Encoder",
    "MaskedLanguageModel",
    "ModelConfig",
    "ModelOutput",
    "SequenceClassifier",
    "build_model",
    "preset",
]
