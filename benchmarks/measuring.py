"""What the benchmarks share: repeats, a process of its own for each point, the setting, tables and JSON."""

import argparse
import json
import multiprocessing
import os
import platform
import resource
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from dna_mamba import __version__
from dna_mamba.cli.options import retain_freed_memory
from dna_mamba_kernels import available_backends

ALLOCATORS = ("retained", "system")
"""Freed memory kept by the process, as the command line asks for, or the C library's own ways."""

Row = Mapping[str, Any]


class Times(NamedTuple):
    """Wall-clock seconds of one call."""

    best: float
    median: float
    rounds: tuple[float, ...]

    @property
    def repeats(self) -> int:
        return len(self.rounds)

    def over(self, other: "Times") -> float:
        """How many times as long as what took turns with it: the median over rounds.

        A clock that changes from one second to the next meets both of a round, but not all rounds alike.
        """
        return statistics.median(mine / its for mine, its in zip(self.rounds, other.rounds, strict=True))


class Point(NamedTuple):
    """What a function gave in a process of its own, with that process's resident memory before it and at most.

    ``others`` is how many cores other processes kept busy meanwhile: time taken beside them means little.
    """

    value: Any
    start_bytes: int
    peak_bytes: int
    others: float | None


class ChildError(RuntimeError):
    """The process of a point was stopped at its time limit, or ended without a result."""


def seconds_of(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def take_turns(calls: Mapping[str, Callable[[], object]], seconds: float, at_least: int = 3) -> dict[str, Times]:
    """Time calls in turns, A B A B, so that whatever else the machine does meets all of them.

    One unmeasured round first; then rounds until each call has had ``seconds`` on average, and ``at_least`` so many.
    """
    for call in calls.values():
        call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    rounds = 0
    while rounds < at_least or sum(map(sum, taken.values())) < seconds * len(calls):
        for name, call in calls.items():
            taken[name].append(seconds_of(call))
        rounds += 1
    return {name: Times(min(times), statistics.median(times), tuple(times)) for name, times in taken.items()}


def measure(call: Callable[[], object], seconds: float, at_least: int = 3) -> Times:
    """Repeat one call for about ``seconds``, once unmeasured."""
    return take_turns({"": call}, seconds, at_least)[""]


def measure_or_once(call: Callable[[], object], seconds: float) -> Times:
    """As ``measure``, but a first call that takes longer than ``seconds`` is the measurement."""
    first = seconds_of(call)
    return Times(first, first, (first,)) if first > seconds else measure(call, seconds)


def in_child(
    function: Callable[..., Any], *arguments: object, threads: int, allocator: str, limit_s: float | None = None
) -> Point:
    """Call a module-level function in a fresh process, so that its memory is its own.

    Raises:
        ChildError: it took longer than ``limit_s`` (and was stopped), raised, or was killed.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sender, function, arguments, threads, allocator))
    process.start()
    sender.close()
    try:
        if not receiver.poll(limit_s):
            raise ChildError(f"stopped after {limit_s:g} s")
        return Point(*receiver.recv())
    except EOFError:
        process.join()
        raise ChildError(f"ended with exit code {process.exitcode}") from None
    finally:
        process.terminate()
        process.join()


def _child(
    sender: "Connection[Any, Any]",
    function: Callable[..., Any],
    arguments: tuple[object, ...],
    threads: int,
    allocator: str,
) -> None:
    if allocator == "retained":
        retain_freed_memory()
    torch.set_num_threads(threads)
    start_bytes, elsewhere = peak_memory(), Elsewhere()
    value = function(*arguments)
    sender.send((value, start_bytes, peak_memory(), elsewhere.cores()))


class Elsewhere:
    """What other processes do from now on."""

    def __init__(self) -> None:
        self._busy, self._own, self._started = busy_seconds(), time.process_time(), time.perf_counter()

    def cores(self) -> float | None:
        """How many they have kept busy on average; None where the system does not tell."""
        busy, own, elapsed = busy_seconds(), time.process_time() - self._own, time.perf_counter() - self._started
        return None if busy is None or self._busy is None else max(0.0, (busy - self._busy - own) / elapsed)


def busy_seconds() -> float | None:
    """Core time that all processes, and a hypervisor's other guests, have taken since the machine started."""
    try:
        fields = Path("/proc/stat").read_text().split(maxsplit=9)
    except OSError:
        return None
    user, nice, system, _idle, _waiting, *interrupts_and_stolen = map(int, fields[1:9])
    return (user + nice + system + sum(interrupts_and_stolen)) / os.sysconf("SC_CLK_TCK")


def peak_memory() -> int:
    """Most bytes this process has had resident. On Linux not by getrusage(2), which counts its parent too."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def processor() -> str:
    """The processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def version_of(package: str) -> str | None:
    """None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def setting_of(threads: int) -> dict[str, Any]:
    """Where, when and how the numbers came about; the load is that of the minute before, 0 on an idle machine."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "load": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "versions": {"python": platform.python_version()}
        | {"dna-mamba": __version__, "torch": torch.__version__, "numpy": np.__version__},
        "native": available_backends()["native"].reason,
        "command": shlex.join(["python", *sys.argv]),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """A parser with what every benchmark takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, metavar="RESULTS.json", help="write setting and rows as JSON")
    return parser


class Table:
    """Rows printed as they come, and kept.

    Args:
        columns: a format for each key of a row; the number in it is the column's least width.
    """

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.rows: list[Row] = []
        self._columns = columns
        print("  ".join(self._cell(key, key) for key in columns), flush=True)

    def add(self, row: Row) -> None:
        """Print and keep a row; keys without a column are only kept."""
        self.rows.append(row)
        cells = (self._cell(key, self._text(key, row.get(key))) for key in self._columns)
        print("  ".join(cells).rstrip(), flush=True)

    def _text(self, key: str, value: object) -> str:
        return "" if value is None else format(value, self._columns[key])

    def _cell(self, key: str, text: str) -> str:
        specification = self._columns[key]
        digits = "".join(c for c in specification.partition(".")[0] if c.isdigit())
        width = max(len(key), int(digits or 0))
        return text.ljust(width) if specification.startswith("<") else text.rjust(width)


class Report:
    """The setting, shown first, and the rows, written last where an output was asked for."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.setting, self._output = setting_of(arguments.threads), arguments.output
        torch.set_num_threads(arguments.threads)
        for name, value in self.setting.items():
            print(f"{name}: {value}")

    def write(self, rows: list[Row], **more: object) -> None:
        if self._output:
            self._output.parent.mkdir(parents=True, exist_ok=True)
            self._output.write_text(json.dumps({"setting": self.setting, **more, "rows": rows}, indent=1) + "\n")
