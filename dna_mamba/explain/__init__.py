"""What each base contributes to a model's answer: gradients and mutants of heads and of variants' scores."""

from dna_mamba.explain.attribute import Explaining
from dna_mamba.explain.items import Attribution, ExplainItem, ExplainStatus
from dna_mamba.explain.job import ExplainJob, ExplainSummary
from dna_mamba.explain.one_hot_model import OneHotModel
from dna_mamba.explain.sequences import ExplainedSequences
from dna_mamba.explain.variants import ExplainedVariants

__all__ = [
    "Attribution",
    "ExplainItem",
    "ExplainJob",
    "ExplainStatus",
    "ExplainSummary",
    "ExplainedSequences",
    "ExplainedVariants",
    "Explaining",
    "OneHotModel",
]
