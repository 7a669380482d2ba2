"""A recipe that continues a model takes its shape and tokenizer from there, and may not say otherwise."""

from typing import Any, get_type_hints

from pydantic import ValidationError

from dna_mamba.errors import InputError
from dna_mamba.models import ModelConfig, preset
from dna_mamba.tokenizers import from_config
from dna_mamba.training.pretrain.recipe import Recipe, parse_recipe
from dna_mamba.training.pretrain.sections import ShapedModel


def inherit(recipe: Recipe, config: ModelConfig, sha256: str) -> Recipe:
    """The recipe with the model it continues filled in; ``sha256`` is that of the model's weights.

    Raises:
        InputError: the recipe gives a key of ``model`` or ``tokenizer`` another value than the model has.
    """
    _check_shape(recipe, config)
    _check_tokenizer(recipe, config)
    keys = get_type_hints(ShapedModel).keys() - {"size"}
    inherited = {
        "model": {key: value for key, value in config.model_dump(mode="json").items() if key in keys},
        "tokenizer": config.tokenizer,
        "init_sha256": sha256,
    }
    return parse_recipe(recipe.model_dump(mode="json") | inherited, recipe.init or "")


def _check_shape(recipe: Recipe, config: ModelConfig) -> None:
    given: dict[str, Any] = dict(recipe.model) if "model" in recipe.model_fields_set else {}
    size = given.pop("size", None)
    if size is not None:
        shape = preset(size, config.tokenizer)
        given = {"d_model": shape.d_model, "n_layer": shape.n_layer} | given
    has = config.model_dump(mode="json")
    for key, value in given.items():
        try:
            wanted = ModelConfig.model_validate(has | {key: value}).model_dump(mode="json")[key]
        except ValidationError:
            wanted = value
        if wanted != has[key]:
            _refuse(recipe, f"model.{key}", value, has[key])


def _check_tokenizer(recipe: Recipe, config: ModelConfig) -> None:
    if "tokenizer" not in recipe.model_fields_set:
        return
    given, has = (from_config(dict(tokenizer)).to_config() for tokenizer in (recipe.tokenizer, config.tokenizer))
    for key in given | has:
        if given.get(key) != has.get(key):
            _refuse(recipe, f"tokenizer.{key}", given.get(key), has.get(key))


def _refuse(recipe: Recipe, key: str, value: object, has: object) -> None:
    raise InputError(
        f"{key} {value!r}: the model to continue has {has!r}",
        place=recipe.init,
        remedy="leave model and tokenizer out of the recipe: they come with the weights",
    )
