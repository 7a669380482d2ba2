"""The configuration that Transformers saves and loads: the fields of ``ModelConfig``, and its own."""

from typing import Any

from transformers import PretrainedConfig

from dna_mamba.checkpoints.native import parse_config
from dna_mamba.models import ModelConfig

_FIELDS = [name for name in ModelConfig.model_fields if name != "num_labels"]
_DEFAULTS = {"d_model": 128, "n_layer": 8, "tokenizer": {"kind": "nucleotide", "vocabulary": "caduceus"}}


class DnaMambaConfig(PretrainedConfig):
    """Every field of ``ModelConfig`` by its name, by default those of the smallest preset on Caduceus' vocabulary.

    ``num_labels`` is what Transformers makes of it: it counts for classifiers alone.

    Raises:
        InputError: a value that ``ModelConfig`` does not take.
    """

    model_type = "dna_mamba"

    def __init__(self, **kwargs: Any) -> None:
        fields = {name: kwargs.pop(name) for name in _FIELDS if name in kwargs}
        native = parse_config(_DEFAULTS | fields, type(self).__name__)
        for name, value in native.model_dump(mode="json", include=set(_FIELDS)).items():
            setattr(self, name, value)
        super().__init__(**kwargs)

    def native(self, num_labels: int = 0) -> ModelConfig:
        """The configuration of ours that these fields are."""
        fields = {name: getattr(self, name) for name in _FIELDS}
        return parse_config(fields | {"num_labels": num_labels}, type(self).__name__)

    @classmethod
    def of(cls, config: ModelConfig) -> "DnaMambaConfig":
        """The same configuration for Transformers."""
        labels = {"num_labels": config.num_labels} if config.num_labels else {}
        return cls(**config.model_dump(mode="json", include=set(_FIELDS)), **labels)

    @property
    def hidden_size(self) -> int:
        """Channels of ``last_hidden_state``: both strands side by side in mode ``shared``."""
        return self.native().d_hidden

    @property
    def num_hidden_layers(self) -> int:
        """Layers of the encoder."""
        return self.native().n_layer
