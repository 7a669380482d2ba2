"""Models for Transformers: Auto classes, pipelines, Trainer and PEFT around the same modules as everywhere else.

Importing this registers the Auto classes. Needs the extra ``hf``.
"""

from dna_mamba.hf.configuration import DnaMambaConfig
from dna_mamba.hf.modeling import (
    DnaMambaForMaskedLM,
    DnaMambaForSequenceClassification,
    DnaMambaModel,
    from_native,
    to_native,
)
from dna_mamba.hf.registration import register
from dna_mamba.hf.tokenization import DnaMambaTokenizer

__all__ = [
    "DnaMambaConfig",
    "DnaMambaForMaskedLM",
    "DnaMambaForSequenceClassification",
    "DnaMambaModel",
    "DnaMambaTokenizer",
    "from_native",
    "register",
    "to_native",
]

register()
