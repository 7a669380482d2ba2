"""Which records of a VCF are scored and written: all, or those that regions touch."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.regions import parse_region
from dna_mamba.io.vcf import VcfRecord
from dna_mamba.scoring.contigs import ContigMap, other_names

_ONE_NUMBER = re.compile(r"(.+):([0-9,]+)")
_END = re.compile(r"(?:^|;)END=(\d{1,18})(?:;|$)")


class Regions:
    """Stretches of the reference, under the reference's names.

    Args:
        intervals: 0-based half-open; they may overlap and come in any order.
    """

    def __init__(self, intervals: Iterable[Interval]) -> None:
        ordered = sorted((i.chrom, i.start, i.end) for i in intervals if len(i))
        self._starts: dict[str, list[int]] = {}
        self._ends: dict[str, list[int]] = {}
        for chrom, group in groupby(ordered, key=lambda place: place[0]):
            starts, ends = self._starts.setdefault(chrom, []), self._ends.setdefault(chrom, [])
            for _, start, end in group:
                if ends and start <= ends[-1]:
                    ends[-1] = max(ends[-1], end)
                else:
                    starts.append(start)
                    ends.append(end)

    def touch(self, chrom: str, start: int, end: int) -> bool:
        """Whether any region shares a base with ``[start, end)``."""
        starts = self._starts.get(chrom)
        if starts is None:
            return False
        i = bisect_right(starts, end - 1) - 1
        return i >= 0 and self._ends[chrom][i] > start

    def __str__(self) -> str:
        """Region notation, 1-based, both ends included."""
        return ",".join(
            f"{chrom}:{start + 1}-{end}"
            for chrom, starts in self._starts.items()
            for start, end in zip(starts, self._ends[chrom], strict=True)
        )


def regions_of(notations: Sequence[str], intervals: Iterable[Interval], reference: FastaReader) -> Regions:
    """Regions written as ``chr:start-end`` (1-based, both ends included) or given 0-based half-open.

    ``chr1`` may stand for ``1`` and the other way round. ``chr:start`` is refused: tools disagree on what it means.

    Raises:
        InputError: a region that is malformed or on no contig of the reference, or none that holds a base.
    """
    contigs = reference.contigs
    names = {contig.chrom for contig in contigs}
    for notation in notations:
        _refuse_one_number(notation, names)
    found = [parse_region(_renamed(notation, names), contigs) for notation in notations]
    for interval in intervals:
        chrom = _known(interval.chrom, names)
        if chrom is None:
            raise InputError(f"region on {interval.chrom}: no such contig", remedy="give regions of this reference")
        found.append(Interval(chrom, interval.start, interval.end))
    if not any(map(len, found)):
        raise InputError("no region holds a base", remedy="BED is 0-based half-open: start < end")
    return Regions(found)


def _refuse_one_number(notation: str, names: set[str]) -> None:
    place = _ONE_NUMBER.fullmatch(notation)
    if place and notation not in names:
        what = f"region {notation!r} is one base to bcftools, and all from there on to samtools"
        raise InputError(what, remedy=f"write {place[1]}:{place[2]}-{place[2]} or {place[1]}:{place[2]}-")


def _known(chrom: str, names: set[str]) -> str | None:
    return next((name for name in (chrom, *other_names(chrom)) if name in names), None)


def _renamed(notation: str, names: set[str]) -> str:
    """The notation with the reference's name of its contig, where the name given is not one."""
    chrom, colon, span = notation.rpartition(":")
    whole, part = _known(notation, names), _known(chrom, names) if colon else None
    if notation in names or (colon and chrom in names) or not (whole or part):
        return notation
    return whole or f"{part}:{span}"


def selector(
    regions: Regions | None, reference: FastaReader, stated_lengths: Mapping[str, int | None]
) -> Callable[[Iterable[VcfRecord]], Iterator[VcfRecord]]:
    """A function that lets the records through that a region touches.

    As with ``bcftools view --regions-overlap record``, what counts is the stretch of REF, or up to INFO/END where
    that lies further on.

    Args:
        regions: the regions; None lets everything through.
        reference: the genome they lie on.
        stated_lengths: lengths of contigs in the VCF's header, to match those under other names.
    """
    contigs = ContigMap({contig.chrom: contig.length for contig in reference.contigs}, stated_lengths)

    def is_selected(record: VcfRecord) -> bool:
        chrom = contigs.find(record.chrom)
        stated_end = _END.search(record.info) if "END=" in record.info else None
        start = record.pos - 1
        end = max(start + len(record.ref), int(stated_end[1]) if stated_end else 0)
        return chrom is not None and regions is not None and regions.touch(chrom, start, end)

    return iter if regions is None else lambda records: filter(is_selected, records)
