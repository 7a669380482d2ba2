"""How much sequence a model reads around what it is asked about, where nobody says."""

from dna_mamba.defaults import DEFAULT_CONTEXT_BP, LONGEST_DEFAULT_CONTEXT_BP
from dna_mamba.models import MaskedLanguageModel


def context_of(model: MaskedLanguageModel, context_bp: int | None = None) -> int:
    """The longest window in bp: as asked, else what the model was trained on, ``LONGEST_DEFAULT_CONTEXT_BP`` at most.

    A model whose configuration does not say what it was trained on reads ``DEFAULT_CONTEXT_BP``.
    """
    if context_bp is not None:
        return context_bp
    return min(model.config.trained_window_bp or DEFAULT_CONTEXT_BP, LONGEST_DEFAULT_CONTEXT_BP)
