"""What people see on stderr while a command runs; stdout is for data alone."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dna_mamba.inference.estimate import Estimate


def log(message: str) -> None:
    """Write one line to stderr, above a progress bar if one is shown."""
    if "tqdm" in sys.modules:
        from tqdm import tqdm

        tqdm.write(message, file=sys.stderr)
    else:
        print(message, file=sys.stderr, flush=True)


def format_duration(seconds: float) -> str:
    """Seconds as people say them: ``8 ms``, ``3.2 s``, ``4 min 05 s``, ``2 h 07 min``."""
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def log_precision(asked: str, taken: str) -> None:
    """Say in which precision the model ran, where it was not plain float32 that was asked for and taken."""
    if (asked, taken) != ("float32", "float32"):
        log(f"precision: {taken}" + (f" (as {asked} takes here)" if asked != taken else ""))


def log_context(asked_bp: int | None, taken_bp: int) -> None:
    """Say how long the windows were, where nobody had said how long they should be."""
    if asked_bp is None:
        log(f"context: {taken_bp:,} bp (the default for this model; --context takes another)")


def print_estimate(facts: "Estimate") -> None:
    """An estimate to stdout as a table for programs, and its time to stderr for people."""
    for name, value in (
        ("positions", str(facts.positions)),
        ("seconds", f"{facts.seconds:.4g}"),
        ("peak_memory_mib", f"{facts.memory_bytes / 2**20:.0f}"),
    ):
        print(f"{name}\t{value}")
    log(f"the model's passes will take about {format_duration(facts.seconds)}")


@contextmanager
def progress(
    description: str, *, unit: str, total: int | None = None, each: tuple[int, str] | None = None
) -> Iterator[Callable[[int], None]]:
    """Show how far a step is; yields ``advance(count)``.

    A terminal sees a bar; anywhere else, and at the end everywhere, one plain line says what was done and how fast.

    Args:
        description: the step, in the past tense, as it opens that line ("scored").
        unit: what is counted, in the plural ("records").
        total: how many there will be, where that is known.
        each: what one of them holds of a smaller unit (256, "bp"), whose rate is told too.
    """
    from tqdm import tqdm

    done, started = 0, time.perf_counter()
    bar = tqdm(
        desc=description,
        total=total,
        unit=f" {unit}",
        unit_scale=(total or 0) >= 10_000,
        leave=False,
        dynamic_ncols=True,
        file=sys.stderr,
        disable=not sys.stderr.isatty(),
    )

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if each is not None:
            bar.set_postfix_str(rate(*each), refresh=False)
        bar.update(count)

    def rate(size: int, of: str) -> str:
        return f"{done * size / max(time.perf_counter() - started, 1e-9):,.0f} {of}/s"

    with bar:
        yield advance
    seconds = time.perf_counter() - started
    rates = ", ".join(rate(*of) for of in ((1, unit), each) if of is not None)
    log(f"{description} {done:,} {unit} in {format_duration(seconds)} ({rates})")
