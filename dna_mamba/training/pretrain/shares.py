"""Which windows of a step's batch, and which part of them, a process reads, and in how many forward passes."""

from typing import NamedTuple

import torch

from dna_mamba.data.batches import Batch, MaskedBatches
from dna_mamba.models.context import SequencePart
from dna_mamba.training.distributed.world import World


class BatchShare(NamedTuple):
    """Rows that go through the model together; ``part`` says which positions of them this process holds, None all."""

    rows: Batch
    part: SequencePart | None


class SharedBatches:
    """The micro-batches of this process, by step: together those of all processes are the batch of the step.

    Rows are divided evenly, the first processes and micro-batches having one more where they do not divide. All
    processes make equally many passes, for each of them is needed in every exchange: one without a row left reads a
    row of another's, with no weight.

    Args:
        batches: whole, by step.
        world: the processes.
        micro_windows: windows in one pass of a process, at most; None takes its share of a step in one.
    """

    def __init__(self, batches: MaskedBatches, world: World, micro_windows: int | None = None) -> None:
        self._batches = batches
        self._world = world
        self._micro_windows = micro_windows

    def __getitem__(self, step: int) -> list[BatchShare]:
        """The micro-batches of a step; never empty."""
        world, windows = self._world, self._batches.windows_at(step)
        first, last = even_part(windows, world.data_rank, world.data_size)
        largest = -(-windows // world.data_size)
        passes = 1 if self._micro_windows is None else -(-largest // self._micro_windows)
        spans = (even_part(last - first, i, passes) for i in range(passes))
        return [self._share(step, first + begin, first + end) for begin, end in spans]

    def _share(self, step: int, first: int, last: int) -> BatchShare:
        if first < last:
            return self._cut(self._batches.part(step, first, last))
        unread = self._batches.part(step, 0, 1)
        return self._cut(unread._replace(weights=torch.zeros_like(unread.weights)))

    def _cut(self, batch: Batch) -> BatchShare:
        if self._world.context_group is None:
            return BatchShare(batch, None)
        part = SequencePart.here(batch.inputs.shape[1], self._world.context_group)
        cut = Batch(
            part.of(batch.inputs),
            part.of(batch.targets),
            part.of(batch.weights),
            part.lengths(batch.lengths),
            batch.windows,
        )
        return BatchShare(cut, part)


def even_part(count: int, number: int, parts: int) -> tuple[int, int]:
    """Which of ``count`` things, first and one past the last, go to part ``number`` of ``parts``."""
    size, rest = divmod(count, parts)
    first = number * size + min(number, rest)
    return first, first + size + (number < rest)
