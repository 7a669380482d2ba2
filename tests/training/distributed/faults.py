"""What may go wrong in one process of several, made to happen at a step."""

import errno
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from safetensors.torch import save
from torch import Tensor

from dna_mamba.training.loop.checkpoint import checkpoint_path
from dna_mamba.training.pretrain.loss import MaskedObjective


def _before_pass(step: int, act: Callable[[], None]) -> None:
    """Call ``act`` as the forward pass of a 1-based step begins; one pass a step."""
    call, calls = MaskedObjective.__call__, [0]

    def counted(self: MaskedObjective, batch: object) -> Tensor:
        calls[0] += 1
        if calls[0] == step:
            act()
        return call(self, batch)

    _replace("training.pretrain.loss.MaskedObjective.__call__", counted)


def not_a_number(step: int) -> None:
    call, calls = MaskedObjective.__call__, [0]

    def spoilt(self: MaskedObjective, batch: object) -> Tensor:
        calls[0] += 1
        return call(self, batch) * (float("nan") if calls[0] == step else 1)

    _replace("training.pretrain.loss.MaskedObjective.__call__", spoilt)


def asked_to_stop(step: int) -> None:
    _before_pass(step, lambda: os.kill(os.getpid(), signal.SIGUSR1))


def killed(step: int) -> None:
    _before_pass(step, lambda: os.kill(os.getpid(), signal.SIGKILL))


def stuck(step: int) -> None:
    _before_pass(step, lambda: time.sleep(3600))


def out_of_memory(step: int) -> None:
    def fail() -> None:
        raise MemoryError("can't allocate memory")

    _before_pass(step, fail)


def full_disk(step: int) -> None:
    """From the checkpoint of that step on, whose optimiser's moments do not fit any more."""
    reached = []

    def note(directory: Path, number: int) -> Path:
        if number >= step:
            reached.append(number)
        return checkpoint_path(directory, number)

    def full(tensors: dict[str, Tensor]) -> bytes:
        if reached:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return save(tensors)

    _replace("training.loop.checkpoint.checkpoint_path", note)
    _replace("training.loop.checkpoint.save", full)


def _replace(name: str, function: Callable[..., Any]) -> None:
    patch(f"dna_mamba.{name}", function).start()


FAULTS = {
    function.__name__: function
    for function in (not_a_number, asked_to_stop, killed, stuck, out_of_memory, full_disk)
}
