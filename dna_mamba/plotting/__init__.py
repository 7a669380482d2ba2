"""Figures of scores and of training, drawn with matplotlib where it is installed."""

from dna_mamba.plotting.attributions import Marked, attribution_logo
from dna_mamba.plotting.figures import figure_format, save_figure
from dna_mamba.plotting.logo import draw_logo, letter_heights
from dna_mamba.plotting.mutagenesis import mutagenesis_map
from dna_mamba.plotting.track_map import track_map
from dna_mamba.plotting.training_curve import Against, compare_runs, training_curve
from dna_mamba.plotting.variant_map import ScoredVariant, SitePrediction, is_transition, substitution_class, variant_map

__all__ = [
    "Against",
    "Marked",
    "ScoredVariant",
    "SitePrediction",
    "attribution_logo",
    "compare_runs",
    "draw_logo",
    "figure_format",
    "is_transition",
    "letter_heights",
    "mutagenesis_map",
    "save_figure",
    "substitution_class",
    "track_map",
    "training_curve",
    "variant_map",
]
