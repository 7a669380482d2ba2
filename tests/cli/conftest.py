"""A packaged model that costs nothing to make."""

import pytest

from dna_mamba.checkpoints import PackagedModel, packaged, save_model
from dna_mamba.models import MaskedLanguageModel, ModelConfig
from dna_mamba.tokenizers import NucleotideTokenizer

CARD = """# minute

As small as a model gets.

- **Parameters**: 1,234 (1 layer)
- **Sequence**: phage lambda: 48,502 bp
- **Command**: `dna-mamba pretrain lambda.yaml`

Licence of the weights: Apache-2.0. Not for clinical use.
"""


@pytest.fixture
def packaged_model(tmp_path, monkeypatch) -> PackagedModel:
    """The only packaged model there is, for the length of a test."""
    tokenizer = NucleotideTokenizer.caduceus().to_config()
    config = ModelConfig(d_model=8, n_layer=1, d_state=2, tokenizer=tokenizer)
    save_model(MaskedLanguageModel(config), tmp_path / "minute", card=CARD)
    monkeypatch.setattr(packaged, "_MODELS", tmp_path)
    return PackagedModel("minute", tmp_path / "minute")
