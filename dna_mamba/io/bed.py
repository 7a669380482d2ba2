"""BED intervals, 0-based half-open as in the file (UCSC and GA4GH BED v1)."""

from collections.abc import Iterator
from pathlib import Path

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval, Strand
from dna_mamba.io.compression import open_input
from dna_mamba.io.paths import display_name

_NOT_DATA = ("#", "track", "browser")
_MAX_DIGITS = 18
_MAX_LINE_BYTES = 1 << 24


def read_bed(path: str | Path) -> Iterator[Interval]:
    """Intervals of a BED file (plain, gzip, BGZF, ``-``) in order, with name and strand where the columns are there.

    Comments, ``track`` and ``browser`` lines and blank lines are skipped. Columns are separated by tabs or, where a
    line has none, by blanks.

    Raises:
        InputError: the file cannot be read, or a line has fewer than three columns, positions that are no numbers, a
            start behind its end, or a strand other than ``+``, ``-``, ``.``; names file and line.
    """
    name = display_name(path)
    with open_input(path) as stream:
        number = 0
        while raw := stream.readline(_MAX_LINE_BYTES):
            number += 1
            if len(raw) == _MAX_LINE_BYTES:
                raise InputError(
                    f"line over {_MAX_LINE_BYTES} bytes", place=f"{name}:{number}", remedy="give a BED file"
                )
            line = raw.decode("utf-8", errors="replace").rstrip("\r\n")
            if line.strip() and not _is_comment(line):
                yield _parse_line(line, f"{name}:{number}")


def _is_comment(line: str) -> bool:
    return line.startswith("#") or line.split(maxsplit=1)[0] in _NOT_DATA


def _parse_line(line: str, place: str) -> Interval:
    columns = line.split("\t") if "\t" in line else line.split()
    if len(columns) < 3 or not columns[0].strip():
        remedy = "a BED line has chrom, start and end, separated by tabs"
        raise InputError(f"{len(columns)} columns", place=place, remedy=remedy)
    start, end = (_parse_position(text, place) for text in columns[1:3])
    if start > end:
        remedy = "BED is 0-based half-open: start <= end"
        raise InputError(f"start {start} is behind end {end}", place=place, remedy=remedy)
    label = columns[3].strip() if len(columns) > 3 else ""
    strand = columns[5].strip() if len(columns) > 5 else "."
    if strand not in ("+", "-", "."):
        raise InputError(f"strand {strand[:20]!r} in column 6", place=place, remedy="write + or - or .")
    return Interval(columns[0].strip(), start, end, label or ".", Strand(strand))


def _parse_position(text: str, place: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:
        remedy = "columns 2 and 3 are 0-based positions without separators"
        raise InputError(f"{text[:40]!r} is no position", place=place, remedy=remedy)
    return int(text)
