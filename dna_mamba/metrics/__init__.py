"""How well predictions agree with the truth: numbers of arrays, their intervals, and why one is not defined."""

from dna_mamba.metrics.scores import METRICS, Judged, judge, score_predictions

__all__ = ["METRICS", "Judged", "judge", "score_predictions"]
