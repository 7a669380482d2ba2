"""Which records of a VCF are scored and written: all, or those that regions touch."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby

from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.vcf import VcfRecord
from dna_mamba.io.vcf.extent import record_end
from dna_mamba.sequences.contig_names import ContigMap


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


def selector(
    regions: Regions | None, reference: FastaReader, stated_lengths: Mapping[str, int | None]
) -> Callable[[Iterable[VcfRecord]], Iterator[VcfRecord]]:
    """A function that lets the records through that a region touches.

    As with ``bcftools view --regions-overlap record``, what counts is the stretch that a record says something of: REF,
    or as far as INFO/END, INFO/SVLEN or FORMAT/LEN reach (``io.vcf.extent``).

    Args:
        regions: the regions; None lets everything through.
        reference: the genome they lie on.
        stated_lengths: lengths of contigs in the VCF's header, to match those under other names.
    """
    contigs = ContigMap({contig.chrom: contig.length for contig in reference.contigs}, stated_lengths)

    def is_selected(record: VcfRecord) -> bool:
        chrom = contigs.find(record.chrom)
        return chrom is not None and regions is not None and regions.touch(chrom, record.pos - 1, record_end(record))

    return iter if regions is None else lambda records: filter(is_selected, records)
