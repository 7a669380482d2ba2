"""Variant scores and embeddings from a trained model."""

from dna_mamba.scoring.alleles import AlleleStatus, VariantScore
from dna_mamba.scoring.arguments import as_model
from dna_mamba.scoring.embedding_table import Embeddings
from dna_mamba.scoring.embeddings import embed
from dna_mamba.scoring.mutagenesis import saturation_mutagenesis, saturation_mutagenesis_of_sequence
from dna_mamba.scoring.results import ScoredVariants, to_frame
from dna_mamba.scoring.substitutions import Mutagenesis
from dna_mamba.scoring.tracks import Tracks, genome_tracks
from dna_mamba.scoring.variants import VariantScorer, score_variants, site_probabilities

__all__ = [
    "AlleleStatus",
    "Embeddings",
    "Mutagenesis",
    "ScoredVariants",
    "Tracks",
    "VariantScore",
    "VariantScorer",
    "as_model",
    "embed",
    "genome_tracks",
    "saturation_mutagenesis",
    "saturation_mutagenesis_of_sequence",
    "score_variants",
    "site_probabilities",
    "to_frame",
]
