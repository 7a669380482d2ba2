"""Figures of scores and of training, drawn with matplotlib where it is installed."""

from dna_mamba.plotting.figures import save_figure
from dna_mamba.plotting.training_curve import training_curve
from dna_mamba.plotting.variant_map import ScoredVariant, SitePrediction, is_transition, substitution_class, variant_map

__all__ = [
    "ScoredVariant",
    "SitePrediction",
    "is_transition",
    "save_figure",
    "substitution_class",
    "training_curve",
    "variant_map",
]
