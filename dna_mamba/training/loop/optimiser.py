"""AdamW with warm-up and cosine decay, as a function of the step alone."""

import math

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import nn

_NO_DECAY = ("bias", "norm.weight", "A_log", ".D", "embedding.weight")


class OptimiserConfig(BaseModel):
    """AdamW (Loshchilov & Hutter 2019); the rate rises over ``warmup_steps`` and falls to ``final_share`` of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    learning_rate: float = Field(default=4e-3, gt=0)
    final_share: float = Field(default=0.0, ge=0, le=1)
    warmup_steps: int = Field(default=200, ge=0)
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = Field(default=1e-8, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    clip_norm: float = Field(default=1.0, gt=0)


def build_optimiser(model: nn.Module, config: OptimiserConfig) -> torch.optim.AdamW:
    """AdamW over a model; biases, norms, the embedding and the state-space parameters A and D are not decayed.

    Frozen parameters are left out: they get no moments.
    """
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            (plain if name.endswith(_NO_DECAY) else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=config.betas, eps=config.eps)


def learning_rate(step: int, steps: int, config: OptimiserConfig) -> float:
    """The rate of a 0-based step: linear warm-up, then half a cosine."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    progress = (step - config.warmup_steps) / max(1, steps - config.warmup_steps)
    share = config.final_share + (1 - config.final_share) * 0.5 * (1 + math.cos(math.pi * progress))
    return config.learning_rate * share


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give every group the same rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate
