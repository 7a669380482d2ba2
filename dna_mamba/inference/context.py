"""How much sequence a model reads around what it is asked about, where nobody says."""

from dna_mamba.defaults import DEFAULT_CONTEXT_BP, LONGEST_DEFAULT_CONTEXT_BP
from dna_mamba.models import TaskModel
from dna_mamba.models.model import StrandModel


def context_of(model: StrandModel, context_bp: int | None = None) -> int:
    """The longest window in bp: as asked, else what the model was trained on, ``LONGEST_DEFAULT_CONTEXT_BP`` at most.

    A model whose configuration does not say what it was trained on reads ``DEFAULT_CONTEXT_BP``.
    """
    if context_bp is not None:
        return context_bp
    return min(model.config.trained_window_bp or DEFAULT_CONTEXT_BP, LONGEST_DEFAULT_CONTEXT_BP)


def window_of(model: TaskModel, window_bp: int | None = None) -> int:
    """The window of a head in bp: as asked, else what the head was trained on, else as ``context_of``."""
    return context_of(model, window_bp or model.head_config.window_bp)
