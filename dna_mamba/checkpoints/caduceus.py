"""Published Caduceus and PlantCaduceus weights, in and out.

**Strands.** A published strand-sharing (PS) model carries both strands as halves of its channels. Where its addition
and norm are fused, every layer also exchanges the halves; the same weights without that are another function. The
exchange is folded into the weights here. Follow one half through the stack: before every other layer it is the other
strand, that is, the same positions with channels reversed and directions exchanged. So in every layer an even number of
layers before the end (the last layer is one before it), norm and projections have their ``d_model`` side reversed and
the two directions trade places. What leaves the stack then is in the published order. If the number of layers is odd,
what enters is the other strand's embedding: complements exchanged, channels reversed
(``ModelConfig.complemented_input``). A PS model thereby is one single-strand network run on both strands.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dna_mamba.checkpoints.caduceus_config import PublishedConfig
from dna_mamba.checkpoints.tensors import check_shape, skeleton
from dna_mamba.errors import InputError
from dna_mamba.models import ModelConfig
from dna_mamba.tokenizers import from_config

BACKBONE = "caduceus.backbone."
SCORE = "score.weight"


class Entry(NamedTuple):
    """One tensor under its names here and there, and what turns one into the other: each is its own inverse but shape.

    ``published`` lists every name of a tied tensor; the first is the one written.
    """

    native: str
    published: tuple[str, ...]
    to_native: Callable[[Tensor], Tensor]
    to_published: Callable[[Tensor], Tensor]


def entries(published: PublishedConfig, config: ModelConfig) -> Iterator[Entry]:
    """Every tensor of a model."""
    shared = published.rcps
    table = "embeddings.word_embeddings." + ("embedding.weight" if shared else "weight")
    head = () if config.num_labels else ("lm_head.lm_head.weight" if shared else "lm_head.weight",)
    yield _same("encoder.embedding.weight", BACKBONE + table, *head)
    wrapped = "submodule." if shared and not published.fused_add_norm else ""
    yield from _norm("encoder.norm.", f"{BACKBONE}norm_f.{wrapped}", config, reverse=False)
    for layer in range(config.n_layer):
        reverse = published.swaps_strands and (config.n_layer - layer) % 2 == 0
        ours, theirs = f"encoder.layers.{layer}.", f"{BACKBONE}layers.{layer}."
        yield from _norm(f"{ours}norm.", f"{theirs}norm.{wrapped}", config, reverse=reverse)
        yield from _mixer(f"{ours}mixer.", f"{theirs}mixer." + ("submodule." if shared else ""), config, reverse)
    if config.num_labels:
        yield _same("score.weight", SCORE)


def complement_names(published: PublishedConfig, config: ModelConfig) -> list[str]:
    """The int64 buffers (V,) that strand-sharing checkpoints carry."""
    if not published.rcps:
        return []
    names = [f"{BACKBONE}embeddings.word_embeddings.complement_map"]
    return names if config.num_labels else [*names, "lm_head.complement_map"]


def import_tensors(
    tensors: dict[str, Tensor], published: PublishedConfig, config: ModelConfig, place: str
) -> dict[str, Tensor]:
    """Published tensors under our names. Raises InputError naming a missing, surplus, misshapen or untied one."""
    left = dict(tensors)
    taken = [(entry, _take(left, entry.published, place)) for entry in entries(published, config)]
    complement = torch.from_numpy(_complement(config))
    for name in complement_names(published, config):
        if not torch.equal(left.pop(name, complement), complement):
            raise InputError(f"tensor {name!r} is not the complement_map of the config", place=place)
    if left:
        raise InputError(f"surplus tensor {min(left)!r}", place=place, remedy="config and weights must belong together")
    expected = skeleton(config).state_dict()
    for entry, tensor in taken:
        check_shape(entry.published[0], tensor, entry.to_published(expected[entry.native]), place)
    return {entry.native: entry.to_native(tensor) for entry, tensor in taken}


def export_tensors(state: dict[str, Tensor], published: PublishedConfig, config: ModelConfig) -> dict[str, Tensor]:
    """The inverse: our tensors under the published names, tied copies once."""
    found = {e.published[0]: e.to_published(state[e.native]).contiguous() for e in entries(published, config)}
    complement = torch.from_numpy(_complement(config))
    return found | {name: complement.clone() for name in complement_names(published, config)}


def _take(tensors: dict[str, Tensor], names: tuple[str, ...], place: str) -> Tensor:
    copies = [(name, tensors.pop(name)) for name in names if name in tensors]
    if not copies:
        raise InputError(f"missing tensor {names[0]!r}", place=place, remedy="config and weights must belong together")
    (first, tensor), *others = copies
    for name, other in others:
        if not torch.equal(tensor, other):
            raise InputError(f"tensors {first!r} and {name!r} differ, though the config ties them", place=place)
    return tensor


def _complement(config: ModelConfig) -> NDArray[np.int64]:
    complement = from_config(config.tokenizer).complement
    assert complement is not None  # every nucleotide vocabulary has one
    return complement


def _identity(x: Tensor) -> Tensor:
    return x


def _flip(axis: int) -> Callable[[Tensor], Tensor]:
    return lambda x: x.flip(axis) if x.dim() > axis else x


def _same(native: str, *published: str) -> Entry:
    return Entry(native, published, _identity, _identity)


def _norm(native: str, published: str, config: ModelConfig, *, reverse: bool) -> Iterator[Entry]:
    turn = _flip(0) if reverse else _identity
    for name in ("weight", "bias") if config.norm == "layer" else ("weight",):
        yield Entry(native + name, (published + name,), turn, turn)


def _mixer(native: str, published: str, config: ModelConfig, reverse: bool) -> Iterator[Entry]:
    forward, backward = ("mamba_rev.", "mamba_fwd.") if reverse else ("mamba_fwd.", "mamba_rev.")
    yield from _scan(f"{native}left_to_right.", published + forward, config)
    yield from _scan(f"{native}right_to_left.", published + backward, config)
    columns, rows = (_flip(1), _flip(0)) if reverse else (_identity, _identity)
    for name, turns in (("in_proj", (columns, _identity)), ("out_proj", (rows, rows))):
        for part, turn in zip(("weight", "bias") if config.proj_bias else ("weight",), turns, strict=False):
            if config.tied:
                names = (f"{published}mamba_fwd.{name}.{part}", f"{published}mamba_rev.{name}.{part}")
                yield Entry(f"{native}{name}.{part}", names, turn, turn)
            else:
                yield Entry(f"{native}{name}.{part}", (f"{published}{forward}{name}.{part}",), turn, turn)
                yield Entry(f"{native}{name}_right.{part}", (f"{published}{backward}{name}.{part}",), turn, turn)


def _scan(native: str, published: str, config: ModelConfig) -> Iterator[Entry]:
    yield Entry(
        f"{native}conv_weight", (f"{published}conv1d.weight",), lambda w: w.squeeze(1), lambda w: w.unsqueeze(1)
    )
    if config.conv_bias:
        yield _same(f"{native}conv_bias", f"{published}conv1d.bias")
    yield _same(f"{native}dt_bias", f"{published}dt_proj.bias")
    for name in ("x_proj.weight", "dt_proj.weight", "A_log", "D"):
        yield _same(native + name, published + name)
