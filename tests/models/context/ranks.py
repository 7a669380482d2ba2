"""Processes of one group, on this machine, within a time limit."""

import multiprocessing
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import torch
import torch.distributed as dist

LIMIT_SECONDS = 240.0


def on_ranks(size: int, check: Callable[[int, int], None], store: Path) -> None:
    """Call ``check(rank, size)`` in ``size`` processes of one gloo group, which meet at the file ``store``.

    Fails if one of them fails, with its traceback, or does not end in time; none is left running.
    """
    context = multiprocessing.get_context("spawn")
    ends = [context.Pipe(duplex=False) for _ in range(size)]
    ranks = [
        context.Process(target=_rank, args=(rank, size, check, store, told), daemon=True)
        for rank, (_, told) in enumerate(ends)
    ]
    for process in ranks:
        process.start()
    deadline = time.monotonic() + LIMIT_SECONDS
    for process in ranks:
        process.join(max(0.0, deadline - time.monotonic()))
    late = [rank for rank, process in enumerate(ranks) if process.is_alive()]
    for process in ranks:
        process.kill()
    failures = [heard.recv() for heard, _ in ends if heard.poll()]
    assert not failures, "\n".join(failures)
    assert not late, f"ranks {late} of {size} had not ended after {LIMIT_SECONDS:g} s"
    assert [process.exitcode for process in ranks] == [0] * size


def _rank(rank: int, size: int, check: Callable[[int, int], None], store: Path, told: Connection) -> None:
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{store}", rank=rank, world_size=size, timeout=timedelta(seconds=120)
    )
    try:
        check(rank, size)
        dist.barrier()
    except BaseException:
        told.send(f"rank {rank} of {size}:\n{traceback.format_exc()}")
        raise SystemExit(1) from None
    dist.destroy_process_group()
