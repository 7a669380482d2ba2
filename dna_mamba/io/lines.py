"""Text output by the line: plain, or BGZF where the name ends in .gz; whole or not there."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dna_mamba.io.atomic import atomic_output
from dna_mamba.io.bgzf import BgzfWriter

WriteLines = Callable[[Iterable[str]], None]


@contextmanager
def line_output(path: str | Path, *, force: bool = False) -> Iterator[WriteLines]:
    """Yields a function that writes lines, given without line feeds; ``-`` is standard output.

    Raises:
        InputError: the target exists and not ``force``, or cannot be made.
        MachineError: the disk is full.
    """
    with atomic_output(path, force=force) as stream:
        packed = BgzfWriter(stream) if os.fspath(path).lower().endswith(".gz") else None
        sink = packed or stream

        def write_lines(lines: Iterable[str]) -> None:
            text = "\n".join([*lines, ""])
            sink.write(text.encode("utf-8", errors="surrogateescape"))

        yield write_lines
        if packed:
            packed.finish()
