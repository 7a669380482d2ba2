"""How far a part takes the state: the sum of its deltas."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from dna_mamba.models.mixer import at_least_float32


class _TotalSteps(torch.autograd.Function):
    """Softplus and sum; what is computed on the way is computed again rather than kept."""

    @staticmethod
    def forward(ctx: Any, delta_BLI: Tensor, bias_I: Tensor) -> Tensor:
        ctx.save_for_backward(delta_BLI, bias_I)
        return F.softplus(at_least_float32(delta_BLI) + bias_I).sum(1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        delta_BLI, bias_I = ctx.saved_tensors
        slope_BLI = torch.sigmoid(at_least_float32(delta_BLI) + bias_I).mul_(gradients[0][:, None])
        return slope_BLI.to(delta_BLI.dtype), slope_BLI.sum((0, 1)).to(bias_I.dtype)


def total_steps(delta_BLI: Tensor, bias_I: Tensor) -> Tensor:
    """The sum over positions of ``softplus(delta + bias)``, (B, L, I) to (B, I), in float32 at least."""
    total_BI: Tensor = _TotalSteps.apply(delta_BLI, bias_I)  # type: ignore[no-untyped-call]
    return total_BI
