"""Windows of a genome: where they lie, and their letters when asked for."""

from collections.abc import Sequence
from typing import Any

from dna_mamba.alphabet import reverse_complement_codes
from dna_mamba.data.labelled.rows import TextTable
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval, Strand
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.regions import place_region

_NAMES = {
    "chrom": ("chrom", "chr", "chromosome", "seqnames", "contig"),
    "start": ("start", "chromstart", "start_0based"),
    "end": ("end", "chromend", "stop"),
}


class GenomeWindows(Sequence[Any]):
    """Base codes of places on a genome, uint8 (L,) each: reverse-complemented on strand ``-``, N past the ends."""

    def __init__(self, genome: FastaReader, places: Sequence[tuple[Interval, int, int]]) -> None:
        self._genome = genome
        self._places = places  # an interval for contig and strand, and offsets that may lie past the contig's ends

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return GenomeWindows(self._genome, self._places[index])
        interval, start, end = self._places[index]
        codes = self._genome.window(interval.chrom, start, end).codes
        return reverse_complement_codes(codes) if interval.strand is Strand.REVERSE else codes


def column_named(table: TextTable, wanted: str) -> list[str]:
    """The column of contigs, starts or ends, under any of its usual names. Raises InputError if there is none."""
    known = {name.lower(): name for name in table.columns}
    for name in _NAMES.get(wanted, (wanted,)):
        if name in known:
            return table.columns[known[name]]
    there = ", ".join(map(repr, list(table.columns)[:12]))
    remedy = f"give BED, or a table with the columns chrom, start, end; it has {there}"
    raise InputError(f"no column {wanted!r}", place=table.source, remedy=remedy)


def read_places(table: TextTable, genome: FastaReader) -> list[Interval]:
    """Intervals of rows, 0-based half-open as in BED, under the genome's names of contigs.

    Raises:
        InputError: a position that is not a number, an interval that is empty, ends before it starts or past its
            contig, a contig that the genome lacks, or a strand other than ``+``, ``-`` and ``.``; names the line.
    """
    lengths = dict(genome.contigs)
    strands = next((cells for name, cells in table.columns.items() if name.lower() == "strand"), None)
    found = []
    rows = zip(*(column_named(table, name) for name in ("chrom", "start", "end")), strict=True)
    for row, (chrom, start_text, end_text) in enumerate(rows):
        place = table.places[row]
        start, end = position(start_text, place), position(end_text, place)
        if start >= end:
            what = f"interval {chrom}:{start}-{end} is empty" if start == end else f"start {start} is past end {end}"
            raise InputError(what, place=place, remedy="intervals are 0-based half-open: start < end")
        strand = strands[row].strip() if strands else "."
        if strand not in ("+", "-", "."):
            raise InputError(f"strand {strand[:20]!r}", place=place, remedy="write + or - or .")
        found.append(place_region(Interval(chrom, start, end, strand=Strand(strand)), lengths, place))
    return found


def position(text: str, place: str) -> int:
    """A number of base pairs. Raises InputError for anything else."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise InputError(f"{text[:40]!r} is not a position", place=place, remedy="give a whole number")
    return int(text)


def windows_of(genome: FastaReader, intervals: Sequence[Interval], window_bp: int | None) -> GenomeWindows:
    """Windows of ``window_bp`` around the middle of each interval, or the intervals as they are."""
    if window_bp is None:
        return GenomeWindows(genome, [(interval, interval.start, interval.end) for interval in intervals])
    starts = [(interval.start + interval.end - window_bp) // 2 for interval in intervals]
    return GenomeWindows(
        genome, [(interval, start, start + window_bp) for interval, start in zip(intervals, starts, strict=True)]
    )


def place_ids(intervals: Sequence[Interval]) -> list[str]:
    """Names of places, ``chrom:start-end`` 1-based inclusive, with the strand where there is one."""
    return [f"{interval}{'' if interval.strand is Strand.UNSTRANDED else interval.strand}" for interval in intervals]

