"""What one way of judging a model came to."""

from typing import NamedTuple


class ProtocolScore(NamedTuple):
    """Metrics of a model on a task.

    Attributes:
        how: it was judged.
        mean: over seeds, by metric.
        deviation: the standard deviation over seeds, by metric; empty where nothing is drawn by chance.
    """

    how: str
    mean: dict[str, float]
    deviation: dict[str, float]
