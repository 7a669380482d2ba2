"""What of a genome is trained on and what is held out: whole contigs, or stretches of one with a margin."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import NamedTuple

from dna_mamba.data.genomes import ContigCodes, Genome, part_of
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.regions import parse_region

_EXAMPLES = 5


class Split(NamedTuple):
    """Places of the genomes by their use, in order of the genomes; no base is in two.

    ``margin_bp`` is what was left out beside each stretch, 0 where only whole contigs are held out.
    """

    genome: Genome
    train: tuple[Interval, ...]
    validation: tuple[Interval, ...]
    test: tuple[Interval, ...]
    excluded: tuple[Interval, ...]
    margin_bp: int

    def sequences(self, places: Iterable[Interval]) -> list[ContigCodes]:
        """Base codes of some places, uint8 (L,) each, without copying or reading them."""
        return [part_of(self.genome[place.chrom], place.start, place.end) for place in places]


class _Claim(NamedTuple):
    """A place, what it is held out for, and how the user wrote it."""

    place: Interval
    use: str
    text: str


def split_genome(
    genome: Genome,
    *,
    validation: Iterable[str],
    test: Iterable[str] = (),
    exclude: Iterable[str] = (),
    margin_bp: int = 0,
) -> Split:
    """Hold places out; everything else trains.

    A place is a contig's name, a shell pattern over names, or a stretch ``contig:start-end`` (1-based, both ends
    included, as ``dna_mamba.io.regions`` reads it). The ``margin_bp`` bases on each side of a stretch are not trained
    on either, and a contig trains on the pieces that remain.

    Raises:
        InputError: a name, pattern or stretch is not in the genome, two overlap, or nothing is left to train on.
    """
    lengths = {chrom: len(codes) for chrom, codes in genome.items()}
    claims: dict[str, list[_Claim]] = {chrom: [] for chrom in genome}
    for use, texts in (("validation", validation), ("test", test), ("exclude", exclude)):
        for claim in _claims(texts, use, lengths):
            claims[claim.place.chrom].append(claim)
    for of_contig in claims.values():
        of_contig.sort(key=lambda claim: (claim.place.start, claim.place.end))
        _refuse_overlaps(of_contig, lengths)

    def having(use: str) -> tuple[Interval, ...]:
        return tuple(claim.place for of_contig in claims.values() for claim in of_contig if claim.use == use)

    train = tuple(piece for chrom in genome for piece in _rest(chrom, lengths[chrom], claims[chrom], margin_bp))
    if not any(map(len, train)):
        remedy = "hold less out: a stretch of a contig, as contig:1-100000, or fewer contigs"
        raise InputError("no sequence is left to train on", remedy=remedy)
    by_stretch = any(len(claim.place) < lengths[chrom] for chrom, found in claims.items() for claim in found)
    margin_bp = margin_bp if by_stretch else 0
    return Split(genome, train, having("validation"), having("test"), having("exclude"), margin_bp)


def _claims(texts: Iterable[str], use: str, lengths: Mapping[str, int]) -> list[_Claim]:
    """Each place once, however often the texts name it."""
    found: dict[Interval, _Claim] = {}
    for text in texts:
        for place in _places(text, use, lengths):
            found.setdefault(place, _Claim(place, use, text))
    return list(found.values())


def _places(text: str, use: str, lengths: Mapping[str, int]) -> list[Interval]:
    """A name wins over the pattern it could be read as (HLA-A*01:01), and either over a stretch."""
    if text in lengths:
        return [_parse(text, use, lengths)]
    matches = [Interval(chrom, 0, length) for chrom, length in lengths.items() if fnmatchcase(chrom, text)]
    if not matches and (":" in text or text.startswith("{")):
        return [_parse(text, use, lengths)]
    if not matches:
        known = ", ".join([*list(lengths)[:_EXAMPLES], *(["..."] if len(lengths) > _EXAMPLES else [])])
        remedy = f"contigs are {known}"
        raise InputError(f"no contig matches {text!r}", place=f"genome.{use}", remedy=remedy)
    return matches


def _parse(text: str, use: str, lengths: Mapping[str, int]) -> Interval:
    try:
        return parse_region(text, lengths)
    except InputError as error:
        raise InputError(error.what, place=f"genome.{use}", remedy=error.remedy) from None


def _refuse_overlaps(claims: Sequence[_Claim], lengths: Mapping[str, int]) -> None:
    """Claims of one contig, sorted. Those that touch do not overlap; an empty contig can be claimed once."""
    last: _Claim | None = None
    for claim in claims:
        if last is not None and (claim.place.start < last.place.end or claim.place == last.place):
            raise _overlap(last, claim, lengths[claim.place.chrom])
        last = claim


def _overlap(one: _Claim, other: _Claim, length: int) -> InputError:
    chrom = one.place.chrom
    if len(one.place) == len(other.place) == length:
        return InputError(f"contig {chrom!r} is both {one.use} and {other.use}", place="genome", remedy="name it once")
    what = f"{one.text!r} ({one.use}) and {other.text!r} ({other.use}) overlap on contig {chrom!r}"
    return InputError(what, place="genome", remedy="hold each base out once")


def _rest(chrom: str, length: int, claims: Sequence[_Claim], margin_bp: int) -> Iterator[Interval]:
    """What remains of a contig beside its claims and their margins; an unclaimed one whole, even if it is empty."""
    if not claims:
        yield Interval(chrom, 0, length)
        return
    spans = [(claim.place.start - margin_bp, claim.place.end + margin_bp) for claim in claims]
    for (_, start), (end, _) in pairwise([(0, 0), *spans, (length, length)]):
        if max(0, start) < min(length, end):
            yield Interval(chrom, max(0, start), min(length, end))
