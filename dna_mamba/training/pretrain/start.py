"""The model a run starts from."""

import torch

from dna_mamba.models import MaskedLanguageModel
from dna_mamba.training.pretrain.recipe import Recipe


def untrained_model(recipe: Recipe) -> MaskedLanguageModel:
    """A recipe's model with the random weights of its seed, on the CPU."""
    torch.manual_seed(recipe.seed)
    model = MaskedLanguageModel(recipe.model_config_of())
    model.encoder.recompute = recipe.recompute
    return model
