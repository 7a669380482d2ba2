"""What torchrun tells a process about the others, and how an error of one of them ends all with one line."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import NamedTuple

import torch.distributed as dist
from torch.distributed.distributed_c10d import Store
from torch.distributed.rendezvous import rendezvous

from dna_mamba.errors import DnaMambaError, InputError, MachineError

_REPORTED, _CODE = "dna-mamba/reported", "dna-mamba/exit-code"
_PATIENCE = timedelta(seconds=10)
"""How long a process waits for the code of the one that reports."""
_LOST = ("gloo", "connection closed by peer", "connection reset by peer", "nccl")


class Launch(NamedTuple):
    """One process among those started together.

    ``rank`` of ``size`` in all, ``local_rank`` of ``local_size`` on this machine; ``store``, which all can reach, is
    None for a process that was started alone.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    store: Store | None = None


class ReportedElsewhereError(DnaMambaError):
    """Another process of the run failed and says so; this one ends with the same exit code and need not speak."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("another process of this run failed")
        self.exit_code = exit_code


class LostProcessError(MachineError):
    """Another process of the run ended without a word, or does not answer."""

    def __init__(self) -> None:
        super().__init__(
            "another process of this run ended, or did not answer within distributed.timeout_seconds",
            remedy="see whether it was killed (out of memory?), then run the same command with --resume",
        )


def read_launch(environment: Mapping[str, str] = os.environ) -> Launch:
    """The place that torchrun (or whatever sets RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT) gave this process.

    Raises:
        InputError: only some of the variables are there.
        MachineError: the other processes cannot be reached.
    """
    if "RANK" not in environment and "WORLD_SIZE" not in environment:
        return Launch()
    missing = [name for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT") if name not in environment]
    if missing:
        raise InputError(f"{missing[0]} is not set", place="environment", remedy="start the processes with torchrun")
    rank, size = int(environment["RANK"]), int(environment["WORLD_SIZE"])
    local_rank = int(environment.get("LOCAL_RANK", rank))
    try:
        store, _, _ = next(rendezvous("env://", rank, size))
    except dist.DistError as error:
        reason = " ".join(str(error).split())
        raise MachineError(f"the other processes cannot be reached ({reason})", remedy="start all of them") from None
    return Launch(rank, size, local_rank, int(environment.get("LOCAL_WORLD_SIZE", size)), store)


@contextmanager
def reported_once(launch: Launch, exit_code: Callable[[BaseException], int]) -> Iterator[None]:
    """End all processes with the code of the first that fails, and let only that one speak.

    Where an error passes through, all processes but one leave with ``ReportedElsewhereError``. ``exit_code`` says
    which code an exception ends a process with.
    """
    try:
        yield
    except BaseException as error:
        if launch.store is None:
            raise
        _ignore_requests_to_end()  # torchrun sends them as soon as the first process has gone
        agreed = _agreed(error, launch.store, exit_code)
        if agreed is error:
            raise
        raise agreed from error


def is_lost(error: BaseException) -> bool:
    """Whether an error says that another process is not there any more, in the words of torch's transports."""
    if isinstance(error, dist.DistError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _LOST)


def _agreed(error: BaseException, store: Store, exit_code: Callable[[BaseException], int]) -> BaseException:
    if isinstance(error, ReportedElsewhereError):
        return ReportedElsewhereError(_code_of_reporter(store, error.exit_code))
    if is_lost(error):
        error = LostProcessError()
    code = exit_code(error)
    with suppress(dist.DistError):
        if store.add(_REPORTED, 1) > 1:
            return ReportedElsewhereError(_code_of_reporter(store, code))
        store.set(_CODE, str(code))
    return error


def _code_of_reporter(store: Store, otherwise: int) -> int:
    with suppress(dist.DistError):
        store.wait([_CODE], _PATIENCE)
        return int(store.get(_CODE))
    return otherwise


def _ignore_requests_to_end() -> None:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
