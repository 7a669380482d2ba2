"""AdamW with warm-up and cosine decay, as a function of the step alone."""

import math
from collections.abc import Callable

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


def build_optimiser(
    model: nn.Module, config: OptimiserConfig, rate_factor: Callable[[str], float] | None = None
) -> torch.optim.AdamW:
    """AdamW over a model; biases, norms, the embedding and the state-space parameters A and D are not decayed.

    Frozen parameters are left out: they get no moments. ``rate_factor`` gives, by the name of a parameter, how many
    times the learning rate it takes; without it all take the same.
    """
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {(1.0, True): [], (1.0, False): []}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            factor = 1.0 if rate_factor is None else rate_factor(name)
            groups.setdefault((factor, not name.endswith(_NO_DECAY)), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "weight_decay": config.weight_decay if decays else 0.0, "rate_factor": factor}
            for (factor, decays), parameters in groups.items()
        ],
        lr=config.learning_rate,
        betas=config.betas,
        eps=config.eps,
    )


def learning_rate(step: int, steps: int, config: OptimiserConfig) -> float:
    """The rate of a 0-based step: linear warm-up, then half a cosine."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    progress = (step - config.warmup_steps) / max(1, steps - config.warmup_steps)
    share = config.final_share + (1 - config.final_share) * 0.5 * (1 + math.cos(math.pi * progress))
    return config.learning_rate * share


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give every group the rate, times the factor of the group where it has one."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group.get("rate_factor", 1.0)
