"""The sum of gradients over processes that hold the same weights."""

from collections.abc import Iterable, Iterator
from functools import partial

import torch
import torch.distributed as dist
from torch import Tensor, nn

_BUCKET_BYTES = 25 * 2**20


class _Bucket:
    """Gradients that travel together."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self.parameters = parameters
        self.awaited = 0
        self.flat: Tensor | None = None
        self.work: dist.Work | None = None

    def send(self) -> None:
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.parameters]
        self.flat = torch.cat([gradient.flatten() for gradient in gradients])
        self.work = dist.all_reduce(self.flat, async_op=True)

    def receive(self) -> None:
        assert self.work is not None and self.flat is not None
        self.work.wait()
        pieces = self.flat.split([p.numel() for p in self.parameters])
        for parameter, piece in zip(self.parameters, pieces, strict=True):
            if parameter.grad is not None:
                parameter.grad.copy_(piece.view_as(parameter))
        self.flat = self.work = None


class GradientSum:
    """Sums gradients over all processes, bucket by bucket, while the backward pass still runs.

    What torch's DistributedDataParallel does, except that the buckets stay as they are from the first step on: how a
    sum is rounded depends on where in a bucket a number lies, and a resumed run must round as the first one did.

    Args:
        parameters: in the order of the forward pass; those without a gradient to come are left out.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        trained = [p for p in parameters if p.requires_grad]
        self._buckets = [_Bucket(group) for group in _groups(reversed(trained))]
        self._sent = 0
        self._listening = False
        for bucket in self._buckets:
            for parameter in bucket.parameters:
                parameter.register_post_accumulate_grad_hook(partial(self._finished, bucket))

    def listen(self) -> None:
        """Send gradients as the next backward pass finishes them."""
        for bucket in self._buckets:
            bucket.awaited = len(bucket.parameters)
        self._sent, self._listening = 0, True

    def finish(self) -> None:
        """Wait for all sums, which then are the gradients."""
        self._listening = False
        for bucket in self._buckets[self._sent :]:
            bucket.send()
        for bucket in self._buckets:
            bucket.receive()

    def _finished(self, bucket: _Bucket, parameter: Tensor) -> None:
        """A gradient of a bucket is there; buckets leave in the same order everywhere."""
        if not self._listening:
            return
        bucket.awaited -= 1
        while self._sent < len(self._buckets) and not self._buckets[self._sent].awaited:
            self._buckets[self._sent].send()
            self._sent += 1


def _groups(parameters: Iterable[nn.Parameter]) -> Iterator[list[nn.Parameter]]:
    """Consecutive parameters of ``_BUCKET_BYTES`` together, or a little more."""
    group: list[nn.Parameter] = []
    for parameter in parameters:
        group.append(parameter)
        if sum(p.nbytes for p in group) >= _BUCKET_BYTES:
            yield group
            group = []
    if group:
        yield group
