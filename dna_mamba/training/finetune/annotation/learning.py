"""What is made small: the cross-entropy of labels, a base at a time; and which weights are trained for it."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from dna_mamba.annotation.labels import IGNORED
from dna_mamba.errors import InputError
from dna_mamba.models import TaskModel
from dna_mamba.training.finetune.annotation.windows import BaseWindows
from dna_mamba.training.finetune.recipe import FinetuneRecipe

_RATES = {"probe": 1e-2, "last-n": 2e-3, "full": 2e-3}


@dataclass(frozen=True)
class BaseObjective:
    """Sum of cross-entropies in nats over labelled bases; its weight is how many there are."""

    model: TaskModel
    precision: torch.dtype

    def __call__(self, batch: BaseWindows) -> Tensor:
        """The sum, a scalar with its graph."""
        device = self.model.device
        devices = [device] if device.type == "cuda" else []
        with (
            torch.random.fork_rng(devices=devices),
            torch.autocast(device.type, dtype=self.precision, enabled=self.precision != torch.float32),
        ):
            torch.manual_seed(batch.seed)
            logits_BLK = self.model(batch.ids_BL.to(device)).logits
        labels = batch.labels_BL.to(device).flatten()
        return F.cross_entropy(logits_BLK.float().flatten(0, 1), labels, ignore_index=IGNORED, reduction="sum")

    def weight(self, batch: BaseWindows) -> Tensor:
        """How many bases are labelled."""
        return (batch.labels_BL != IGNORED).sum().float()

    def tokens(self, batch: BaseWindows) -> int:
        """How many bases are read."""
        return batch.ids_BL.numel()


def rate_of(recipe: FinetuneRecipe) -> float:
    """The learning rate: as given, or what suits a head alone, or layers too."""
    return recipe.training.learning_rate or _RATES[recipe.how]


def check_how(recipe: FinetuneRecipe) -> None:
    """Raise InputError for a way of training that labels a base do not have."""
    if recipe.how not in _RATES:
        remedy = "take probe, last-n or full"
        raise InputError(f"--how {recipe.how} is not for --task annotation", place="how", remedy=remedy)


def choose_weights(model: TaskModel, recipe: FinetuneRecipe) -> None:
    """Freeze what is not trained: the encoder of a probe, all but its last layers with last-n."""
    if recipe.how == "full":
        return
    model.encoder.requires_grad_(False)
    if recipe.how == "last-n":
        for layer in list(model.encoder.layers)[-recipe.training.last_n :]:
            layer.requires_grad_(True)
        model.encoder.norm.requires_grad_(True)
