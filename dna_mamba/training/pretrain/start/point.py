"""The recipe, made complete, and the model a run starts from."""

from typing import NamedTuple

import torch

from dna_mamba.checkpoints import load_model, weights_sha256
from dna_mamba.errors import InputError
from dna_mamba.models import MaskedLanguageModel, describe_kind
from dna_mamba.training.pretrain.recipe import Recipe
from dna_mamba.training.pretrain.start.freezing import freeze
from dna_mamba.training.pretrain.start.inheritance import inherit
from dna_mamba.training.pretrain.start.origin import Origin, find_weights, read_bp


class Start(NamedTuple):
    """What a run begins with.

    Attributes:
        recipe: complete: of a continued model it holds that model's shape, tokenizer and the sum of its weights.
        model: in training mode, on the CPU.
        origin: of its weights; None where they are random.
    """

    recipe: Recipe
    model: MaskedLanguageModel
    origin: Origin | None


def starting_point(recipe: Recipe) -> Start:
    """The model of a recipe before its first step, which notes the window that the run ends with.

    Raises:
        InputError: the model that the recipe continues cannot be read, is a classifier, is not what the recipe says of
            it, or has no such part to freeze.
    """
    torch.manual_seed(recipe.seed)
    if recipe.init is None:
        return Start(recipe, _ready(recipe, MaskedLanguageModel(recipe.model_config_of())), None)
    directory = find_weights(recipe.init)
    origin = Origin(recipe.init, weights_sha256(directory), read_bp(directory))
    if recipe.init_sha256 not in (None, origin.sha256):
        raise InputError(
            f"has weights of SHA-256 {origin.sha256}, init_sha256 says {recipe.init_sha256}",
            place=recipe.init,
            remedy="give the model that the run began with, or leave init_sha256 out",
        )
    model = load_model(directory)
    if not isinstance(model, MaskedLanguageModel):
        kind = describe_kind(model)
        raise InputError(f"is {kind}", place=recipe.init, remedy="continue from a masked language model")
    complete = inherit(recipe, model.config, origin.sha256)
    freeze(model, complete.freeze)
    return Start(complete, _ready(complete, model), origin)


def _ready(recipe: Recipe, model: MaskedLanguageModel) -> MaskedLanguageModel:
    model.config = model.config.model_copy(update={"trained_window_bp": recipe.batch.last_window_bp})
    model.encoder.recompute = recipe.recompute
    return model.train()
