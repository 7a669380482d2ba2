"""Where weights and gradients are: whole in one process, whole in each, or a share in each."""

from collections.abc import Iterable
from typing import Protocol

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard

from dna_mamba.training.distributed.config import DistributedConfig
from dna_mamba.training.distributed.gradients import GradientSum
from dna_mamba.training.distributed.tensors import local
from dna_mamba.training.distributed.world import World


class Strategy(Protocol):
    """How the gradients of all processes become one.

    ``loss_factor`` is what a process multiplies its share of the loss by before the backward pass.
    """

    loss_factor: float

    def before_backward(self, *, last: bool) -> None:
        """Called before each backward pass of a step; the ``last`` one completes the gradients."""
        ...

    def after_backward(self) -> None:
        """Called once the last backward pass is done; afterwards gradients are those of the whole batch."""
        ...

    def clip(self, parameters: Iterable[nn.Parameter], max_norm: float) -> Tensor:
        """Scale gradients down to ``max_norm`` where they are longer; their norm before, a scalar."""
        ...


class Whole:
    """Weights and gradients are whole in this process, and no other is there."""

    loss_factor = 1.0

    def before_backward(self, *, last: bool) -> None:
        pass

    def after_backward(self) -> None:
        pass

    def clip(self, parameters: Iterable[nn.Parameter], max_norm: float) -> Tensor:
        return nn.utils.clip_grad_norm_(parameters, max_norm)


class Replicated(Whole):
    """Weights are whole in each process, and gradients are added up.

    Args:
        model: whole.
        overlaps: add up while the backward pass still runs. Not where that pass exchanges states itself: NCCL wants
            collectives of two groups in the same order everywhere.
    """

    def __init__(self, model: nn.Module, *, overlaps: bool) -> None:
        self._sum = GradientSum(model.parameters())
        self._overlaps = overlaps

    def before_backward(self, *, last: bool) -> None:
        if last and self._overlaps:
            self._sum.listen()

    def after_backward(self) -> None:
        self._sum.finish()


class Sharded(Whole):
    """Each process keeps a share of weights, gradients and moments, and fetches a layer when it is needed (FSDP2).

    Args:
        model: whole; sharded in place.
        layers: parts of it that are fetched one at a time.
        world: the processes; FSDP takes the mean of their gradients, so that losses are multiplied by their number.
    """

    def __init__(self, model: nn.Module, layers: Iterable[nn.Module], world: World) -> None:
        device = next(model.parameters()).device.type
        mesh = init_device_mesh(device, (world.size,))
        for layer in layers:
            fully_shard(layer, mesh=mesh)
        self._model: FSDPModule = fully_shard(model, mesh=mesh)
        self.loss_factor = float(world.size)

    def before_backward(self, *, last: bool) -> None:
        self._model.set_requires_gradient_sync(last)

    def clip(self, parameters: Iterable[nn.Parameter], max_norm: float) -> Tensor:
        gradients = [local(p.grad) for p in parameters if p.grad is not None]
        square = torch.stack([gradient.float().square().sum() for gradient in gradients]).sum()
        dist.all_reduce(square)
        norm = square.sqrt()
        scale = (max_norm / (norm + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(scale.to(gradient.dtype))
        return norm


def spread_model(model: nn.Module, layers: Iterable[nn.Module], world: World, config: DistributedConfig) -> Strategy:
    """Give every process the weights of rank 0, or its share of them; ``model`` is changed in place."""
    if world.size == 1:
        return Whole()
    with torch.no_grad():
        for parameter in model.parameters():
            dist.broadcast(parameter, src=0)
    if config.strategy == "fsdp":
        return Sharded(model, layers, world)
    return Replicated(model, overlaps=config.context_parallel == 1)
