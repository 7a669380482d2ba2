"""Scores, mutagenesis, tracks, embeddings and predictions of heads from a trained model, one package a task."""

from dna_mamba.inference.open import as_model
from dna_mamba.scoring.embeddings.embed import embed
from dna_mamba.scoring.embeddings.job import EmbedJob
from dna_mamba.scoring.embeddings.table import Embeddings
from dna_mamba.scoring.mutagenesis.job import MutagenesisJob
from dna_mamba.scoring.mutagenesis.region import saturation_mutagenesis, saturation_mutagenesis_of_sequence
from dna_mamba.scoring.mutagenesis.table import Mutagenesis
from dna_mamba.scoring.predictions.along_job import AlongJob
from dna_mamba.scoring.predictions.job import PredictJob
from dna_mamba.scoring.predictions.merge import merge_predictions
from dna_mamba.scoring.tracks.job import TracksJob
from dna_mamba.scoring.tracks.region import Tracks, genome_tracks
from dna_mamba.scoring.variant_files.job import ScoreJob
from dna_mamba.scoring.variant_files.merge import merge_scores
from dna_mamba.scoring.variants.results import ScoredVariants, to_frame
from dna_mamba.scoring.variants.scorer import VariantScorer, score_variants, site_probabilities
from dna_mamba.scoring.variants.status import AlleleStatus, VariantScore

__all__ = [
    "AlleleStatus",
    "AlongJob",
    "EmbedJob",
    "Embeddings",
    "Mutagenesis",
    "MutagenesisJob",
    "PredictJob",
    "ScoreJob",
    "ScoredVariants",
    "Tracks",
    "TracksJob",
    "VariantScore",
    "VariantScorer",
    "as_model",
    "embed",
    "genome_tracks",
    "merge_predictions",
    "merge_scores",
    "saturation_mutagenesis",
    "saturation_mutagenesis_of_sequence",
    "score_variants",
    "site_probabilities",
    "to_frame",
]
