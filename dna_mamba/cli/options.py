"""Options that several commands share, so that a name means the same everywhere, and what they set up."""

import ctypes
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dna_mamba.defaults import LONGEST_DEFAULT_CONTEXT_BP, PRECISIONS
from dna_mamba.errors import InputError, MachineError

if TYPE_CHECKING:
    import torch

    from dna_mamba.runs import Shard


Command = TypeVar("Command", bound=Callable[..., Any])
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
"""Of glibc's malloc.h."""


def default_threads() -> int:
    """CPU threads to use: SLURM_CPUS_PER_TASK where a job scheduler set it, else the cores this process may use."""
    granted = os.environ.get("SLURM_CPUS_PER_TASK", "")
    if granted.isdigit() and int(granted) > 0:
        return int(granted)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


model_option = click.option(
    "-m", "--model", required=True, metavar="MODEL", help="Model directory, or a packaged name (see: dna-mamba models)."
)
threads_option = click.option(
    "--threads",
    metavar="N",
    type=click.IntRange(min=1),
    default=default_threads,
    show_default="SLURM_CPUS_PER_TASK, else the cores this process may use",
    help="CPU threads.",
)
device_option = click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="auto|cpu|cuda[:N]|mps",
    help="Where the model runs; auto takes a CUDA GPU where there is one.",
)
context_option = click.option(
    "--context",
    type=click.IntRange(min=1),
    show_default=f"what the model was trained on, at most {LONGEST_DEFAULT_CONTEXT_BP}",
    metavar="BP",
    help="Longest window the model reads, in bp, with what is asked about in its middle.",
)
precision_option = click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default="float32",
    show_default=True,
    help="bfloat16 takes less time and memory and rounds more; auto takes it where the device multiplies it itself, "
    "else float32; tf32 is for CUDA GPUs.",
)
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Say how long it will take and how much memory it needs; write nothing."
)
force_option = click.option("--force", is_flag=True, help="Replace output that exists already.")
no_version_option = click.option(
    "--no-version",
    is_flag=True,
    help="Leave version and command line out of the output, so that equal runs are equal bytes.",
)


output_option = click.option(
    "-o", "--output", default="-", metavar="OUT", type=click.Path(), help="Output; standard output if not given."
)
output_type_option = click.option(
    "-O",
    "--output-type",
    type=click.Choice(["v", "z", "b", "t"]),
    help="v VCF, z VCF.gz (bgzip), b BCF, t table; default by the suffix of OUT, which may be .parquet.",
)
write_index_option = click.option(
    "--write-index", is_flag=True, help="Index OUT too: .tbi, or .csi for BCF and long contigs."
)


def shard_option(verb: str) -> Callable[[Command], Command]:
    """``--shard``: what is done to a part."""
    said = f"{verb} the i-th of n parts; dna-mamba merge joins the outputs."
    return click.option("--shard", metavar="i/n", callback=_shard, help=said)


def _shard(_: click.Context, __: click.Parameter, text: str | None) -> "Shard | None":
    if text is None:
        return None
    from dna_mamba.runs import parse_shard

    return parse_shard(text)


def run_options(what: str | None) -> Callable[[Command], Command]:
    """What every command that runs a model takes: ``what`` go through it together, None where that is not chosen."""
    options = (
        *(() if what is None else (batch_size_option(what),)),
        device_option,
        precision_option,
        threads_option,
        dry_run_option,
        force_option,
        no_version_option,
    )

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def batch_size_option(what: str) -> Callable[[Command], Command]:
    """How many of ``what`` go through the model together."""
    return click.option(
        "--batch-size",
        type=click.IntRange(min=1),
        show_default="what suits the device",
        help=f"{what} in one forward pass.",
    )


def resolve_device(name: str) -> "torch.device":
    """The torch device that ``--device`` names.

    Raises:
        InputError: the name is not auto, cpu, cuda, cuda:N or mps.
        MachineError: this machine has no such device.
    """
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda", "mps"):
        raise InputError(f"{name!r} is not a device", place="--device", remedy="give auto, cpu, cuda, cuda:N or mps")
    visible = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }[device.type]
    if (device.index or 0) >= visible:
        raise MachineError(
            f"{name}: torch {torch.__version__} sees {visible} such devices here",
            place="--device",
            remedy="--device cpu runs everywhere, and dna-mamba doctor lists what there is",
        )
    return device


def refuse_options(what: str, **options: object) -> None:
    """Refuse options that were given, by their names in Python, and have no meaning for ``what``. Raises InputError."""
    for name, value in options.items():
        if value is not None and value != ():
            place = f"--{name.replace('_', '-')}"
            raise InputError(f"has no meaning for {what}", place=place, remedy="leave it out")


def setup_torch(threads: int, seed: int | None = None) -> None:
    """Give torch, and the kernels that follow its setting, ``threads`` CPU threads; seed its generators."""
    import torch

    retain_freed_memory()
    torch.set_num_threads(threads)
    if seed is not None:
        torch.manual_seed(seed)


def retain_freed_memory() -> None:
    """Let this process keep what it frees: fetching the same memory anew for every layer costs as much as the layer.

    For whole programs; glibc alone has the switch (mallopt(3)), elsewhere nothing happens.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_MMAP_MAX, 0)
            mallopt(_M_TRIM_THRESHOLD, -1)
