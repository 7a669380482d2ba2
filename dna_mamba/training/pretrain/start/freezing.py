"""Parts of a model that stay as they are while the rest is trained."""

import re
from collections.abc import Iterable

from dna_mamba.errors import InputError
from dna_mamba.models import MaskedLanguageModel

_LAYERS = re.compile(r"layers\.(\d{1,4})(?:-(\d{1,4}))?")
_PLACES = {"embedding": ["encoder.embedding."], "norm": ["encoder.norm."]}


def freeze(model: MaskedLanguageModel, parts: Iterable[str]) -> None:
    """Take parts out of training: ``embedding`` (the head is the same table), ``layers.0-3``, ``layers.5``, ``norm``.

    ``norm`` is the one after the last layer; layers are counted from 0, both ends of a range included.

    Raises:
        InputError: the model has no such part, or nothing would be left to train.
    """
    frozen = tuple(prefix for part in parts for prefix in _prefixes(part, model.config.n_layer))
    for name, parameter in model.named_parameters():
        if name.startswith(frozen):
            parameter.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise InputError("all parts are frozen: nothing to train", place="freeze", remedy="leave one of them out")


def n_frozen(model: MaskedLanguageModel) -> int:
    """Numbers in a model's weights that are not trained."""
    return sum(parameter.numel() for parameter in model.parameters() if not parameter.requires_grad)


def frozen_depth(model: MaskedLanguageModel) -> int:
    """How many layers from the first on keep nothing for the backward pass, for no gradient reaches them."""
    if model.encoder.embedding.weight.requires_grad:
        return 0
    live = (i for i, layer in enumerate(model.encoder.layers) if any(p.requires_grad for p in layer.parameters()))
    return next(live, model.config.n_layer)


def _prefixes(part: str, n_layer: int) -> list[str]:
    """How the names of a part's parameters begin."""
    if part in _PLACES:
        return _PLACES[part]
    layers = _LAYERS.fullmatch(part)
    if layers is None:
        raise InputError(f"no part {part!r}", place="freeze", remedy="write embedding, layers.0-3, layers.5 or norm")
    first = int(layers[1])
    last = first if layers[2] is None else int(layers[2])
    if not first <= last < n_layer:
        remedy = f"the model has layers 0 to {n_layer - 1}"
        raise InputError(f"no layers {part.removeprefix('layers.')!r}", place="freeze", remedy=remedy)
    return [f"encoder.layers.{layer}." for layer in range(first, last + 1)]
