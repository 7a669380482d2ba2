"""The one exchange there is: a small tensor of each rank to all of them, with its gradient."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


class _Gather(torch.autograd.Function):
    """Every rank reads every rank's tensor, so its gradient is the sum of what all of them found."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, group: dist.ProcessGroup | None) -> Tensor:
        ctx.group = group
        pieces = x.new_empty(dist.get_world_size(group), *x.shape)
        dist.all_gather(list(pieces.unbind(0)), x.contiguous(), group=group)
        return pieces

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        total = gradients[0].contiguous().clone()  # of ours alone: what came may be read by others
        dist.all_reduce(total, group=ctx.group)
        return total[dist.get_rank(ctx.group)], None


def gather(x: Tensor, group: dist.ProcessGroup | None) -> Tensor:
    """Tensors of one shape, one from each rank of a group, stacked by rank (ranks, *shape).

    All ranks of the group call it the same number of times in the same order, and all of them run the backward pass if
    one does. Nothing narrower than float32 is sent: sums of gradients are not rounded to it.
    """
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    gathered: Tensor = _Gather.apply(wide, group)  # type: ignore[no-untyped-call]
    return gathered.to(x.dtype)
