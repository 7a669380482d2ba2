"""The Auto classes of Transformers know our classes by ``model_type``; no code from a model's directory is run."""

from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoModelForSequenceClassification, AutoTokenizer

from dna_mamba.hf.configuration import DnaMambaConfig
from dna_mamba.hf.modeling import DnaMambaForMaskedLM, DnaMambaForSequenceClassification, DnaMambaModel
from dna_mamba.hf.tokenization import DnaMambaTokenizer


def register() -> None:
    """Make the Auto classes know ``model_type`` "dna_mamba"; ``import dna_mamba.hf`` does it."""
    AutoConfig.register(DnaMambaConfig.model_type, DnaMambaConfig, exist_ok=True)
    AutoModel.register(DnaMambaConfig, DnaMambaModel, exist_ok=True)
    AutoModelForMaskedLM.register(DnaMambaConfig, DnaMambaForMaskedLM, exist_ok=True)
    AutoModelForSequenceClassification.register(DnaMambaConfig, DnaMambaForSequenceClassification, exist_ok=True)
    AutoTokenizer.register(DnaMambaConfig, DnaMambaTokenizer, exist_ok=True)
