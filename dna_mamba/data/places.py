"""Places of genomes as recipes and command lines name them: contigs, patterns, stretches, BED files, shares.

A text is, in this order, the name of a contig, a shell pattern over names (HLA-A*01:01 is a name before it is a
pattern), a BED file (``.bed`` or ``.bed.gz``), or a stretch ``contig:start-end`` (1-based, both ends included, as
``dna_mamba.io.regions`` reads it). Contigs of a store are called ``genome:contig``; the contig's own name does where
only one genome has it, and ``genome:contig`` does for those of FASTA files, whose genome is the file's name.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from dna_mamba.data.genomes import Genome, genome_of
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.bed import read_bed
from dna_mamba.io.regions import parse_region, place_region

_EXAMPLES = 5
_BED = (".bed", ".bed.gz")


class ContigNames(NamedTuple):
    """The contigs of genomes, by every name that they can be called by."""

    lengths: Mapping[str, int]
    """Of each contig, in base pairs, in order."""
    genomes: Mapping[str, str]
    """The genome of each contig; the empty text where it has no name."""
    others: Mapping[str, tuple[str, ...]]
    """Contigs by another name than their own: with their genome's, or without."""
    known: Mapping[str, int]
    """Lengths by all these names; a name of several contigs has the length of the first."""

    @classmethod
    def of(cls, genome: Genome) -> "ContigNames":
        """Names of the contigs of ``genome``."""
        lengths = {chrom: len(codes) for chrom, codes in genome.items()}
        genomes = {chrom: genome_of(genome, chrom) for chrom in genome}
        others: dict[str, tuple[str, ...]] = {}
        for chrom, name in genomes.items():
            short = chrom.removeprefix(f"{name}:")
            other = short if short != chrom else f"{name}:{chrom}"
            if name and other not in lengths:
                others[other] = (*others.get(other, ()), chrom)
        known = {other: lengths[found[0]] for other, found in others.items()}
        return cls(lengths, genomes, others, {**lengths, **known})

    def whole(self, chrom: str) -> Interval:
        """All of a contig."""
        return Interval(chrom, 0, self.lengths[chrom])

    def matching(self, text: str) -> list[str]:
        """Contigs that a name or a shell pattern stands for, in order; none if it stands for none.

        Raises:
            InputError: contigs of several genomes have this name.
        """
        if text in self.lengths:
            return [text]
        if found := self.others.get(text):
            return [_only(text, found)]
        matches = [chrom for chrom in self.lengths if fnmatchcase(chrom, text)]
        if not matches:
            matches = [chrom for name, found in self.others.items() if fnmatchcase(name, text) for chrom in found]
        return matches

    def parse(self, text: str) -> Interval:
        """A contig or ``contig:start-end``. Raises InputError as ``dna_mamba.io.regions.parse_region``."""
        return self._own(parse_region(text, self.known), text)

    def place(self, region: Interval, source: str) -> Interval:
        """A region of a file under the contig's own name. Raises InputError: no such contig, or past its end."""
        return self._own(place_region(region, self.known, source), region.chrom)

    def _own(self, place: Interval, text: str) -> Interval:
        if place.chrom in self.lengths:
            return place
        return Interval(_only(text, self.others[place.chrom]), place.start, place.end)


def _only(text: str, found: tuple[str, ...]) -> str:
    if len(found) > 1:
        named = ", ".join(found[:_EXAMPLES]) + (", ..." if len(found) > _EXAMPLES else "")
        raise InputError(f"{text!r} is a contig of {len(found)} genomes", remedy=f"name one of {named}")
    return found[0]


def places_of(text: str, names: ContigNames, asked_by: str) -> list[Interval]:
    """The places that a text names, in the order of the contigs or of its BED file.

    Args:
        text: as the module says.
        names: of the contigs.
        asked_by: key or option that the text stands in, for errors.

    Raises:
        InputError: it names nothing, or something past a contig's end; a BED file cannot be read.
    """
    try:
        if text in names.lengths:
            return [names.parse(text)]
        if matches := names.matching(text):
            return [names.whole(chrom) for chrom in matches]
        if text.endswith(_BED):
            return bed_places(text, names)
        if ":" in text or text.startswith("{"):
            return [names.parse(text)]
    except InputError as error:
        raise InputError(error.what, place=error.place or asked_by, remedy=error.remedy) from None
    known = ", ".join([*list(names.lengths)[:_EXAMPLES], *(["..."] if len(names.lengths) > _EXAMPLES else [])])
    raise InputError(f"no contig matches {text!r}", place=asked_by, remedy=f"contigs are {known}")


def bed_places(path: str, names: ContigNames) -> list[Interval]:
    """Intervals of a BED file, those that overlap or touch joined, by contig and start.

    Raises:
        InputError: the file cannot be read, holds no interval, or one is not on the genomes.
    """
    places = merge_places(names.place(interval, path) for interval in read_bed(path, stranded=False))
    if not places:
        raise InputError("holds no interval", place=path, remedy="give a BED file with chrom, start and end")
    return places


def merge_places(places: Iterable[Interval], gap_bp: int = 0) -> list[Interval]:
    """Places joined where they overlap or lie at most ``gap_bp`` apart; contigs in order of their first place."""
    by_contig: dict[str, list[tuple[int, int]]] = {}
    for place in places:
        by_contig.setdefault(place.chrom, []).append((place.start, place.end))
    merged: list[Interval] = []
    for chrom, spans in by_contig.items():
        spans.sort()
        first, last = spans[0]
        for start, end in spans[1:]:
            if start > last + gap_bp:
                merged.append(Interval(chrom, first, last))
                first, last = start, end
            last = max(last, end)
        merged.append(Interval(chrom, first, last))
    return merged
