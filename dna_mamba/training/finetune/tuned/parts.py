"""Which parts of a model are trained, and at which rate: all, the last layers, or adapters beside frozen weights."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from dna_mamba.extras import need
from dna_mamba.models import TaskModel
from dna_mamba.training.finetune.sections import How, TrainingSection

ADAPTED = ("in_proj", "in_proj_right", "out_proj", "out_proj_right", "x_proj", "dt_proj")
"""Matrices of a layer that adapters are added to."""
_LAYER = re.compile(r"encoder\.layers\.(\d+)\.")


def choose_parts(model: TaskModel, how: How, settings: TrainingSection, seed: int) -> None:
    """Freeze what is not trained; add adapters where they are. The head is always trained.

    Raises:
        InputError: adapters are asked for and peft is not installed.
    """
    if how in ("lora", "dora"):
        add_adapters(model, how, settings, seed)
    elif how == "last-n":
        first = model.config.n_layer - settings.last_n
        for name, parameter in model.encoder.named_parameters(prefix="encoder"):
            layer = _LAYER.match(name)
            parameter.requires_grad_(name.startswith("encoder.norm.") or (layer is not None and int(layer[1]) >= first))
    for name, parameter in model.named_parameters():
        if not name.startswith("encoder."):
            parameter.requires_grad_(True)


def add_adapters(model: TaskModel, how: How, settings: TrainingSection, seed: int) -> None:
    """Low-rank adapters (Hu et al. 2021), with ``dora`` those that learn size and direction apart (Liu et al. 2024).

    The encoder's own weights are frozen. The second matrix is zero, so that the model starts as it was.
    """
    peft = need("peft", what="lora", instead="--how last-n or full")
    config = peft.LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.adapter_dropout,
        target_modules=list(ADAPTED),
        use_dora=how == "dora",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        peft.inject_adapter_in_model(config, model)


def merge_adapters(model: TaskModel) -> None:
    """Add what adapters learnt to the weights they stand beside, and take them out; a model without any stays."""
    for parent, name, layer in list(_adapted_layers(model)):
        layer.merge()
        setattr(parent, name, layer.get_base_layer())
    if hasattr(model, "peft_config"):
        del model.peft_config
    for parameter in model.parameters():
        parameter.requires_grad_(True)


def _adapted_layers(model: nn.Module) -> Iterator[tuple[nn.Module, str, Any]]:
    for parent in model.modules():
        for name, child in parent.named_children():
            if hasattr(child, "get_base_layer") and hasattr(child, "lora_A"):
                yield parent, name, child


def rate_factors(how: How, settings: TrainingSection, n_layer: int) -> Callable[[str], float]:
    """How many times the learning rate a parameter takes, by its name.

    Weights of the encoder take less the further they are from the head (Howard & Ruder 2018); adapters start at nothing
    and all take the same.
    """

    def factor(name: str) -> float:
        if not name.startswith("encoder."):
            return settings.head_factor
        if how in ("lora", "dora") or name.startswith("encoder.norm."):
            return 1.0
        layer = _LAYER.match(name)
        above = n_layer if layer is None else n_layer - 1 - int(layer[1])
        return settings.layer_decay**above

    return factor
