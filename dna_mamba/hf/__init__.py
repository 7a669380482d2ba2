"""Models for Transformers: Auto classes, pipelines, Trainer and PEFT around the same modules as everywhere else.

Importing this registers the Auto classes. Needs the extra ``hf``; without it the import raises InputError.
"""

from dna_mamba.extras import need

need("transformers", what="dna_mamba.hf")  # before the modules below import from it

# ruff: noqa: E402
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
