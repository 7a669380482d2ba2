"""bedGraph: one line a base, ``chrom start end value``, 0-based half-open (UCSC); plain or BGZF."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.io.lines import line_output

SUFFIXES = (".bedgraph", ".bedgraph.gz", ".bg", ".bg.gz")
_LINES_AT_A_TIME = 65_536


class Stretch(NamedTuple):
    """Values (n,) float32 of neighbouring bases from a 0-based start on."""

    chrom: str
    start: int
    values: NDArray[np.float32]


def write_bedgraph(
    path: str | Path, stretches: Iterable[Stretch], *, header: Iterable[str] = (), force: bool = False
) -> None:
    """Write stretches in the order given, values with nine significant digits (enough to restore the 32-bit float).

    Args:
        path: target, BGZF if it ends in .gz; ``-`` is standard output.
        stretches: what to write.
        header: lines that open the file; they begin with ``#``, which readers of bedGraph skip.
        force: replace an existing target.

    Raises:
        InputError: the target exists and not ``force``, or cannot be made.
        MachineError: the disk is full.
    """
    with line_output(path, force=force) as write_lines:
        write_lines(header)
        for chrom, start, values in stretches:
            for first in range(0, len(values), _LINES_AT_A_TIME):
                piece = values[first : first + _LINES_AT_A_TIME].tolist()
                at = start + first
                write_lines(f"{chrom}\t{at + i}\t{at + i + 1}\t{value:.9g}" for i, value in enumerate(piece))
