"""Variant scores and embeddings from a trained model."""

from dna_mamba.scoring.alleles import AlleleStatus, VariantScore
from dna_mamba.scoring.arguments import as_model
from dna_mamba.scoring.embeddings import Embeddings, embed
from dna_mamba.scoring.variants import VariantScorer, score_variants, site_probabilities

__all__ = [
    "AlleleStatus",
    "Embeddings",
    "VariantScore",
    "VariantScorer",
    "as_model",
    "embed",
    "score_variants",
    "site_probabilities",
]
