"""BED intervals, 0-based half-open as in the file (UCSC and GA4GH BED v1)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval, Strand
from dna_mamba.io.paths import display_name
from dna_mamba.io.text_input import bare_carriage_return, open_text

_NOT_DATA = ("#", "track", "browser")
_MAX_DIGITS = 18
_MAX_LINE_BYTES = 1 << 24


def read_bed(path: str | Path, *, stranded: bool = True) -> Iterator[Interval]:
    """Intervals of a BED file (plain, gzip, BGZF, ``-``) in order.

    Comments, ``track`` and ``browser`` lines and blank lines are skipped. Columns are separated by tabs or, where a
    line has none, by blanks.

    Args:
        path: file to read.
        stranded: take name and strand from columns 4 and 6 where they are there. Otherwise chrom, start and end are
            all that is read: files of three columns and more hold anything in the others.

    Raises:
        InputError: the file cannot be read, or a line has fewer than three columns, positions that are not numbers,
            a start past its end, or, if ``stranded``, a strand other than ``+``, ``-``, ``.``; names file and line.
    """
    name = display_name(path)
    with open_text(path) as stream:
        number = 0
        while raw := stream.readline(_MAX_LINE_BYTES):
            number += 1
            place = f"{name}:{number}"
            if b"\r" in raw.rstrip(b"\r\n"):
                raise bare_carriage_return(place)
            if len(raw) == _MAX_LINE_BYTES:
                raise InputError(f"line over {_MAX_LINE_BYTES} bytes", place=place, remedy="give a BED file")
            line = raw.decode("utf-8", errors="surrogateescape").rstrip("\r\n")
            if line.strip() and not _is_comment(line):
                yield _parse_line(line, place, stranded=stranded)


def _is_comment(line: str) -> bool:
    return line.startswith("#") or line.split(maxsplit=1)[0] in _NOT_DATA


def _parse_line(line: str, place: str, *, stranded: bool) -> Interval:
    columns = line.split("\t") if "\t" in line else line.split()
    if len(columns) < 3 or not columns[0].strip():
        remedy = "a BED line has chrom, start and end, separated by tabs"
        raise InputError(f"{len(columns)} columns", place=place, remedy=remedy)
    start, end = (_parse_position(text, place) for text in columns[1:3])
    if start > end:
        remedy = "BED is 0-based half-open: start <= end"
        raise InputError(f"start {start} is past end {end}", place=place, remedy=remedy)
    interval = Interval(columns[0].strip(), start, end)
    return _with_strand(interval, columns, place) if stranded else interval


def _with_strand(interval: Interval, columns: list[str], place: str) -> Interval:
    name = columns[3].strip() if len(columns) > 3 else ""
    strand = columns[5].strip() if len(columns) > 5 else "."
    if strand not in ("+", "-", "."):
        raise InputError(f"strand {strand[:20]!r} in column 6", place=place, remedy="write + or - or .")
    return replace(interval, name=name or ".", strand=Strand(strand))


def _parse_position(text: str, place: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:
        remedy = "columns 2 and 3 are 0-based positions without separators"
        raise InputError(f"{text[:40]!r} is not a position", place=place, remedy=remedy)
    return int(text)
