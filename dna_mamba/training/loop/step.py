"""One optimiser step: loss, gradients, the check that both are finite, the update."""

import math
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn

BatchT = TypeVar("BatchT")
Objective = Callable[[BatchT], Tensor]
"""The loss of a batch, a float scalar with its graph."""


class StepResult(NamedTuple):
    """``loss_nats`` and ``gradient_norm`` (before clipping) of a step; ``finite`` is False when it was not taken."""

    loss_nats: float
    gradient_norm: float
    finite: bool


def train_step(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    objective: Objective[BatchT],
    batch: BatchT,
    *,
    clip_norm: float,
) -> StepResult:
    """Step on one batch, the gradient scaled down to ``clip_norm`` where it is longer.

    Weights and moments stay as they are if the loss or the gradient is not finite.
    """
    optimiser.zero_grad(set_to_none=True)
    loss = objective(batch)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    loss_nats, length = torch.stack([loss.detach().double(), norm.double()]).tolist()  # waits for a GPU, once a step
    finite = math.isfinite(loss_nats) and math.isfinite(length)
    if finite:
        optimiser.step()
    return StepResult(loss_nats, length, finite)
