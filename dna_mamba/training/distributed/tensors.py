"""Tensors that are divided among processes: fetched whole, filled, and whole for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor, distribute_tensor

from dna_mamba.training.distributed.world import World


def local(tensor: Tensor) -> Tensor:
    """The share of this process; all of a tensor that is not divided."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def fetch(tensor: Tensor, world: World) -> Tensor | None:
    """All of a tensor, on the CPU, in rank 0; None in the others, which take part."""
    whole = tensor.detach()
    if isinstance(whole, DTensor):
        whole = whole.full_tensor()
    return whole.cpu().contiguous() if world.is_main else None


@torch.no_grad()
def fill(tensor: Tensor, values: Tensor | None, world: World) -> None:
    """Copy what rank 0 has, on any device, into a tensor of each process, or its share of it."""
    if isinstance(tensor, DTensor):
        whole = torch.empty(tensor.shape, dtype=tensor.dtype, device=tensor.device)
        if values is not None:
            whole.copy_(values)
        tensor.copy_(distribute_tensor(whole, tensor.device_mesh, tensor.placements))
        return
    if values is not None:
        tensor.copy_(values)
    if world.size > 1:
        dist.broadcast(tensor, src=0)


@contextmanager
def whole_weights(model: nn.Module) -> Iterator[None]:
    """Every process has all weights while the block runs, for passes that call no layer as a module."""
    divided = [module for module in model.modules() if isinstance(module, FSDPModule)]
    for module in divided:
        module.unshard()
    try:
        yield
    finally:
        for module in divided:
            module.reshard()
