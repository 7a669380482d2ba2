"""Any model from what its configuration says."""

from dna_mamba.models.config import ModelConfig
from dna_mamba.models.heads import HeadConfig, SequenceClassifier, TaskModel
from dna_mamba.models.model import MaskedLanguageModel

LoadedModel = MaskedLanguageModel | SequenceClassifier | TaskModel
"""What a model directory holds."""


def build_model(config: ModelConfig, head: HeadConfig | None = None) -> LoadedModel:
    """The module that configurations describe, with random weights."""
    if head is not None:
        return TaskModel(config, head)
    return SequenceClassifier(config) if config.num_labels else MaskedLanguageModel(config)


def head_of(model: LoadedModel) -> HeadConfig | None:
    """The configuration of a model's head, None where it has none of ours."""
    return model.head_config if isinstance(model, TaskModel) else None


def describe_kind(model: LoadedModel) -> str:
    """What a model is, as an error says it: ``a model with a head for classification (promoter, other)``."""
    if isinstance(model, TaskModel):
        names = ", ".join(model.head_config.outputs[:3]) + (", ..." if len(model.head_config.outputs) > 3 else "")
        return f"a model with a head for {model.head_config.task} ({names})"
    return "a classifier of whole sequences" if isinstance(model, SequenceClassifier) else "a language model"
