"""The processes of a run and what they say to each other; a process alone says nothing and pays nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from dna_mamba.errors import InputError
from dna_mamba.training.distributed.config import DistributedConfig
from dna_mamba.training.distributed.launch import Launch, ReportedElsewhereError

T = TypeVar("T")
_UNHURRIED = timedelta(days=7)
"""For waiting while one process does what takes it as long as it takes; one that dies is noticed at once."""


@dataclass(frozen=True)
class World:
    """All processes of a run, ``rank`` of ``size``, ordered so that those that share a window are neighbours.

    Attributes:
        rank: of this process; 0 writes, logs and reports.
        size: number of processes.
        context_size: processes that share one window.
        context_group: those of them that this process belongs to; None where each has windows of its own.
        unhurried: a group of all, for long waits.
        local_size: how many of them are on this machine.
    """

    rank: int = 0
    size: int = 1
    context_size: int = 1
    context_group: dist.ProcessGroup | None = None
    unhurried: dist.ProcessGroup | None = None
    local_size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process writes and speaks for all."""
        return self.rank == 0

    @property
    def context_rank(self) -> int:
        """Which part of a window this process has."""
        return self.rank % self.context_size

    @property
    def data_rank(self) -> int:
        """Which windows of a batch this process has, of ``data_size`` shares."""
        return self.rank // self.context_size

    @property
    def data_size(self) -> int:
        """Shares that a batch is divided into."""
        return self.size // self.context_size

    def sum_(self, tensor: Tensor) -> Tensor:
        """Add a tensor up over all processes, in place."""
        if self.size > 1:
            dist.all_reduce(tensor)
        return tensor

    def gather(self, value: T, *, unhurried: bool = False) -> list[T]:
        """What each process gives, by rank."""
        if self.size == 1:
            return [value]
        values: list[T] = [value] * self.size
        dist.all_gather_object(values, value, group=self.unhurried if unhurried else None)
        return values

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process."""
        return flag if self.size == 1 else bool(self.sum_(torch.tensor(int(flag))))

    def from_main(self, value: T) -> T:
        """The value that rank 0 gives; what the others give does not matter."""
        if self.size == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, src=0)
        return values[0]

    @contextmanager
    def together(self) -> Iterator[None]:
        """All processes leave the block, however long one of them takes; if one fails, all do.

        Raises:
            ReportedElsewhereError: in processes that did not fail themselves.
        """
        failure: Exception | None = None
        try:
            yield
        except Exception as error:
            if self.size == 1:
                raise
            failure = error
        code = None if failure is None else getattr(failure, "exit_code", 1)
        codes = [code for code in self.gather(code, unhurried=True) if code is not None]
        if failure is not None:
            raise failure
        if codes:
            raise ReportedElsewhereError(codes[0])


ALONE = World()
"""A process by itself."""


def connect(launch: Launch, config: DistributedConfig, device: torch.device) -> World:
    """Meet the other processes; gloo carries tensors in memory, NCCL those on CUDA GPUs.

    Raises:
        InputError: the processes cannot be divided as ``context_parallel`` asks.
    """
    context = config.context_parallel
    if launch.size % context:
        raise InputError(
            f"distributed.context_parallel {context} does not divide {launch.size} processes",
            remedy=f"start a multiple of {context} of them (torchrun --nproc-per-node), or change it",
        )
    if launch.store is None:
        return ALONE
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo",
        store=launch.store,
        rank=launch.rank,
        world_size=launch.size,
        timeout=timedelta(seconds=config.timeout_seconds),
    )
    unhurried = dist.new_group(backend="gloo", timeout=_UNHURRIED)
    return World(launch.rank, launch.size, context, _context_group(launch, context), unhurried, launch.local_size)


def disconnect() -> None:
    """Part from the other processes, all of which do the same."""
    if dist.is_initialized():
        dist.destroy_process_group()


def _context_group(launch: Launch, context: int) -> dist.ProcessGroup | None:
    if context == 1:
        return None
    groups = [dist.new_group(list(range(first, first + context))) for first in range(0, launch.size, context)]
    group: dist.ProcessGroup = groups[launch.rank // context]
    return group
