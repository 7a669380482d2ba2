"""Text output by the line: plain, or BGZF where the name ends in .gz; whole or not there."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dna_mamba.io.atomic import atomic_output
from dna_mamba.io.bgzf import BgzfWriter

WriteLines = Callable[[Iterable[str]], None]


def lines_into(sink: BinaryIO | BgzfWriter) -> WriteLines:
    """A function that writes lines, given without line feeds; surrogates become the bytes that they were."""

    def write_lines(lines: Iterable[str]) -> None:
        text = "\n".join([*lines, ""])
        sink.write(text.encode("utf-8", errors="surrogateescape"))

    return write_lines


@contextmanager
def line_output(path: str | Path, *, force: bool = False, packed: bool | None = None) -> Iterator[WriteLines]:
    """Yields a function that writes lines, given without line feeds; ``-`` is standard output.

    Args:
        path: target, or ``-``.
        force: replace an existing target.
        packed: write BGZF; by default, where the name ends in .gz.

    Raises:
        InputError: the target exists and not ``force``, or cannot be made.
        MachineError: the disk is full.
    """
    if packed is None:
        packed = os.fspath(path).lower().endswith(".gz")
    with atomic_output(path, force=force) as stream:
        if not packed:
            yield lines_into(stream)
            return
        blocks = BgzfWriter(stream)
        yield lines_into(blocks)
        blocks.finish()
