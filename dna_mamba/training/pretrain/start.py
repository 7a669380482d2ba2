"""The model a run starts from."""

import torch

from dna_mamba.models import MaskedLanguageModel
from dna_mamba.training.pretrain.recipe import Recipe


def untrained_model(recipe: Recipe) -> MaskedLanguageModel:
    """A recipe's model with the random weights of its seed, on the CPU; its configuration notes the last window."""
    torch.manual_seed(recipe.seed)
    window = {"trained_window_bp": recipe.batch.last_window_bp}
    model = MaskedLanguageModel(recipe.model_config_of().model_copy(update=window))
    model.encoder.recompute = recipe.recompute
    return model
