"""Processes that fork after a model has run: the OpenMP threads they shared work with do not exist in the child."""

import ctypes
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path

import torch

_HARD = 2
"""``omp_pause_hard``: the runtime gives up all it holds (OpenMP 5.0, section 3.2.44)."""


@functools.cache
def survive_forks() -> None:
    """From now on, a forked child of this process computes instead of waiting for threads that it has not.

    GNU OpenMP, with which torch and the native kernel share work, keeps its threads between parallel regions and knows
    nothing of forks: a child's first parallel region would wait for ever. Before a fork the threads are sent home; the
    parent's next parallel region and the child's start new ones. Where they cannot be, within a parallel
    region or in a runtime before OpenMP 5.0, the child runs on one thread. LLVM's OpenMP sees to this itself.
    """
    pause = _pause_of_torch()
    if pause is None or not hasattr(os, "register_at_fork"):
        return
    was_paused = False

    def before() -> None:
        nonlocal was_paused
        was_paused = pause(_HARD) == 0

    def after_in_child() -> None:
        if not was_paused:
            torch.set_num_threads(1)

    os.register_at_fork(before=before, after_in_child=after_in_child)


def _pause_of_torch() -> Callable[[int], int] | None:
    """``omp_pause_resource_all`` of the GNU runtime that torch is linked to; None where torch uses another."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        torch_cpu = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"))
        _ = torch_cpu.GOMP_parallel
    except (OSError, AttributeError):
        return None
    try:
        pause: Callable[[int], int] = torch_cpu.omp_pause_resource_all
    except AttributeError:
        return lambda kind: -1
    return pause
