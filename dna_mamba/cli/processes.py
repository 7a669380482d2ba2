"""Commands that torchrun starts as several processes: who of them speaks, and what each takes of the machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from dna_mamba.cli.exits import describe
from dna_mamba.cli.options import resolve_device

if TYPE_CHECKING:
    import torch

    from dna_mamba.training.distributed.launch import Launch


@contextmanager
def one_of_many() -> Iterator["Launch"]:
    """This process's place among those started together; where one fails, it speaks and all exit with its code."""
    from dna_mamba.training.distributed.launch import ReportedElsewhereError, read_launch, reported_once

    launch = read_launch()
    try:
        with reported_once(launch, lambda error: describe(error).exit_code):
            yield launch
    except ReportedElsewhereError as error:
        raise click.exceptions.Exit(error.exit_code) from None


def threads_of(launch: "Launch", threads: int) -> int:
    """``--threads``, which is for each process; where it was not given, the machine's divided among those on it."""
    given = click.get_current_context().get_parameter_source("threads") is not ParameterSource.DEFAULT
    return threads if given else max(1, threads // launch.local_size)


def device_of(launch: "Launch", name: str) -> "torch.device":
    """``--device``; processes on one machine take a CUDA GPU each.

    Raises:
        InputError: it is not a device.
        MachineError: this machine has no such device, or fewer GPUs than processes.
    """
    import torch

    if launch.size > 1 and (name == "cuda" or (name == "auto" and torch.cuda.is_available())):
        name = f"cuda:{launch.local_rank}"
    return resolve_device(name)
