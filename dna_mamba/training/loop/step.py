"""One optimiser step: loss, gradients, the check that both are finite, the update."""

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

from dna_mamba.training.distributed.strategy import Strategy, Whole
from dna_mamba.training.distributed.world import ALONE, World

BatchT = TypeVar("BatchT")
BatchT_contra = TypeVar("BatchT_contra", contravariant=True)
_WHOLE = Whole()


class Objective(Protocol[BatchT_contra]):
    """What is made small: a weighted sum over batches, divided by the sum of the weights."""

    def __call__(self, batch: BatchT_contra) -> Tensor:
        """The weighted sum of losses over a batch, nats, a float scalar with its graph."""
        ...

    def weight(self, batch: BatchT_contra) -> Tensor:
        """The sum of a batch's weights, a float32 scalar."""
        ...

    def tokens(self, batch: BatchT_contra) -> int:
        """How many tokens of a batch are read."""
        ...


class StepResult(NamedTuple):
    """What a step saw, over all processes.

    Attributes:
        loss_nats: the mean loss of the whole batch.
        gradient_norm: before clipping.
        finite: whether both are; otherwise the step was not taken.
        tokens: read.
        own_loss_nats: the part of the loss that this process has.
    """

    loss_nats: float
    gradient_norm: float
    finite: bool
    tokens: int
    own_loss_nats: float


def train_step(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    objective: Objective[BatchT],
    batches: Sequence[BatchT],
    *,
    clip_norm: float,
    strategy: Strategy = _WHOLE,
    world: World = ALONE,
) -> StepResult:
    """Step on the micro-batches of all processes, the gradient scaled down to ``clip_norm`` where it is longer.

    One batch gives the same step to rounding, however it is cut, for every part is divided by the weight of the whole.
    Weights and moments stay as they are, in all processes, if the loss or the gradient is not finite in one.
    """
    optimiser.zero_grad(set_to_none=True)
    weight = torch.stack([objective.weight(batch) for batch in batches]).double().sum()
    totals = world.sum_(torch.stack([weight, weight.new_tensor(sum(map(objective.tokens, batches)))]))
    divisor = totals[0].float().clamp(min=torch.finfo(torch.float32).tiny)
    own_loss = torch.zeros_like(weight)
    for i, batch in enumerate(batches):
        strategy.before_backward(last=i == len(batches) - 1)
        part = objective(batch) / divisor
        (part * strategy.loss_factor).backward()
        own_loss += part.detach()
    strategy.after_backward()
    norm = strategy.clip(model.parameters(), clip_norm)
    loss = world.sum_(own_loss.clone())
    # waits for a GPU, once a step
    loss_nats, length, own, tokens = torch.stack([loss, norm.double(), own_loss, totals[1]]).tolist()
    finite = math.isfinite(loss_nats) and math.isfinite(length)
    if finite:
        optimiser.step()
    return StepResult(loss_nats, length, finite, int(tokens), own)
