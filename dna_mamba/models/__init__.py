"""Bidirectional, reverse-complement-aware Mamba encoders, and heads on them."""

from dna_mamba.models.build import LoadedModel, build_model, describe_kind, head_of
from dna_mamba.models.config import ModelConfig, preset
from dna_mamba.models.encoder import Encoder
from dna_mamba.models.heads import HeadConfig, SequenceClassifier, TaskModel, TaskOutput
from dna_mamba.models.model import MaskedLanguageModel
from dna_mamba.models.strands import ModelOutput

__all__ = [
    "Encoder",
    "HeadConfig",
    "LoadedModel",
    "MaskedLanguageModel",
    "ModelConfig",
    "ModelOutput",
    "SequenceClassifier",
    "TaskModel",
    "TaskOutput",
    "build_model",
    "describe_kind",
    "head_of",
    "preset",
]
