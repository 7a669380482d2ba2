"""Timing on a card, by its own clock and without gaps in which it waits for Python; on the CPU for dry runs."""

import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor

EXPONENTIALS_A_CLOCK = 16
"""Of a multiprocessor, for compute capabilities 8.0 to 10.0 (CUDA programming guide, arithmetic instructions)."""
ASLEEP_S = 0.02
"""Head start of the host: calls are queued behind a kernel that does nothing for at least as long."""


class Card(NamedTuple):
    """Where things run and what it can do at most."""

    device: str
    backend: str | None
    """Of the kernels, as ``selective_scan`` takes it."""
    seconds: float
    """For each measurement."""
    bytes_a_second: float
    exponentials_a_second: float

    def floors_s(self, n_bytes: float, exponentials: float = 0) -> dict[str, float]:
        """What moving so many bytes and taking so many exponentials needs at least."""
        floors = {"traffic_s": n_bytes / self.bytes_a_second}
        return floors | ({"exponentials_s": exponentials / self.exponentials_a_second} if exponentials else {})

    def measure(self, call: Callable[[], Any]) -> float:
        """Median seconds of a call, after two to warm up."""
        return measure(call, self.device, self.seconds)

    def first(self, call: Callable[[], Any]) -> float:
        """Seconds from a call to its end as a user sees them: once, compilations included."""
        synchronise(self.device)
        begun = time.perf_counter()
        call()
        synchronise(self.device)
        return time.perf_counter() - begun

    def peak_bytes(self, call: Callable[[], Any]) -> int | None:
        """Most memory taken by a call above what is held already; None on the CPU."""
        if self.device == "cpu":
            return None
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        held = torch.cuda.memory_allocated()
        call()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - held


def synchronise(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize()


def measure(call: Callable[[], Any], device: str, seconds: float) -> float:
    """Median seconds of a call over at least three; on a card, of calls that are queued before the first one starts."""
    for _ in range(2):
        call()
    synchronise(device)
    begun = time.perf_counter()
    call()
    host_s = time.perf_counter() - begun
    synchronise(device)
    one_s = time.perf_counter() - begun
    count = max(3, min(100, int(seconds / max(one_s, 1e-6))))
    return _on_the_card(call, count, host_s) if device != "cpu" else _by_the_clock(call, count)


def _by_the_clock(call: Callable[[], Any], count: int) -> float:
    taken = []
    for _ in range(count):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def _on_the_card(call: Callable[[], Any], count: int, host_s: float) -> float:
    """Rounds of as many calls as fit the head start, each between events of its own."""
    taken: list[float] = []
    at_once = max(1, min(count, int(ASLEEP_S / max(host_s, 1e-6))))
    while len(taken) < count:
        events = [torch.cuda.Event(enable_timing=True) for _ in range(at_once + 1)]
        torch.cuda._sleep(int(2e9 * max(ASLEEP_S, 2 * host_s)))  # clocks
        events[0].record()
        for event in events[1:]:
            call()
            event.record()
        torch.cuda.synchronize()
        taken += [a.elapsed_time(b) / 1e3 for a, b in pairwise(events)]
    return statistics.median(taken)


def copy_bandwidth(device: str, n_bytes: int) -> float:
    """Bytes read and written a second by a copy."""
    source = torch.empty(n_bytes // 4, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / measure(lambda: target.copy_(source), device, 0.3)


def exponentials_a_second(device: str) -> float:
    """At the clock under load, or the highest that is known; 1e9 on the CPU, where nothing depends on it."""
    if device == "cpu":
        return 1e9
    properties = torch.cuda.get_device_properties(0)
    x = torch.randn(8192, 8192, device=device, dtype=torch.bfloat16)
    for _ in range(50):
        x @ x
    try:
        megahertz = float(torch.cuda.clock_rate())
    except (RuntimeError, ModuleNotFoundError):  # needs the driver's Python package
        megahertz = getattr(properties, "clock_rate", 1_755_000) / 1e3
    torch.cuda.synchronize()
    return EXPONENTIALS_A_CLOCK * properties.multi_processor_count * megahertz * 1e6


def both_passes(call: Callable[..., Tensor], inputs: dict[str, Tensor]) -> Callable[[], Any]:
    """Forward and backward, with the gradients of every input."""
    leaves = {name: x.detach().requires_grad_() for name, x in inputs.items()}
    dy = torch.randn_like(call(**inputs))
    return lambda: torch.autograd.grad(call(**leaves), list(leaves.values()), dy)
