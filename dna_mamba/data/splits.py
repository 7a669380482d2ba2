"""What of a genome is trained on and what is held out: whole contigs, stretches with a margin, shares of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from dna_mamba.data.genomes import ContigCodes, Genome, part_of
from dna_mamba.data.places import ContigNames, merge_places, places_of
from dna_mamba.data.shares import PartPlaces, PlaceRule, share_of
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval

HELD_OUT = ("validation", "test")
EXCLUDE = "exclude"


class Split(NamedTuple):
    """Places of the genomes by their use, in order of the genomes; no base is in two.

    ``margin_bp`` is what was left out beside each held-out stretch, 0 where only whole contigs are held out;
    ``homology`` what was found of held-out sequence in training (``dna_mamba.data.leaks.report``), where it was sought.
    """

    genome: Genome
    train: tuple[Interval, ...]
    validation: tuple[Interval, ...]
    test: tuple[Interval, ...]
    excluded: tuple[Interval, ...]
    margin_bp: int
    homology: Mapping[str, Any] | None = None

    def sequences(self, places: Iterable[Interval]) -> list[ContigCodes]:
        """Base codes of some places, uint8 (L,) each, without copying or reading them."""
        return [part_of(self.genome[place.chrom], place.start, place.end) for place in places]


class _Claim(NamedTuple):
    """A place, what it is held out for, and how the user wrote it."""

    place: Interval
    use: str
    text: str


_ByContig = dict[str, list[_Claim]]


def split_genome(
    genome: Genome,
    *,
    validation: Iterable[PlaceRule],
    test: Iterable[PlaceRule] = (),
    exclude: Iterable[PlaceRule] = (),
    margin_bp: int = 0,
) -> Split:
    """Hold places out; everything else trains.

    A place is a text (``dna_mamba.data.places``) or a rule (``dna_mamba.data.shares``); texts and BED files come first,
    then parts, then blocks, each out of what is left. What is excluded is neither trained on nor held out. The
    ``margin_bp`` bases on each side of a held-out stretch are not trained on either, and a contig trains on the pieces
    that remain.

    Raises:
        InputError: a name, pattern or stretch is not in the genome, two overlap, or nothing is left to train on.
    """
    names = ContigNames.of(genome)
    claims = _claims({"validation": validation, "test": test, EXCLUDE: exclude}, names)
    for of_contig in claims.values():
        of_contig.sort(key=lambda claim: (claim.place.start, claim.place.end))
        _refuse_overlaps(of_contig, names.lengths)
    held = [claim for of_contig in claims.values() for claim in of_contig if claim.use != EXCLUDE]
    excluded = _excluded(claims)
    kept = [
        claim._replace(place=piece)
        for claim in held
        for piece in without([claim.place], excluded.get(claim.place.chrom, ()))
    ]
    _refuse_losses(held, kept)
    margins = {chrom: _spans(of_contig, margin_bp) for chrom, of_contig in claims.items()}
    train = tuple(piece for chrom in genome for piece in _rest(names.whole(chrom), margins.get(chrom, [])))
    if not any(map(len, train)):
        remedy = "hold less out: a stretch of a contig, as contig:1-100000, or fewer contigs"
        raise InputError("no sequence is left to train on", remedy=remedy)
    by_stretch = any(len(claim.place) < names.lengths[claim.place.chrom] for claim in held)

    def having(use: str) -> tuple[Interval, ...]:
        return tuple(claim.place for claim in kept if claim.use == use)

    out = tuple(place for chrom in genome for place in excluded.get(chrom, ()))
    return Split(genome, train, having("validation"), having("test"), out, margin_bp if by_stretch else 0)


def _claims(uses: Mapping[str, Iterable[PlaceRule]], names: ContigNames) -> _ByContig:
    """Claims by contig, contigs in order. Each place once, however often the texts of a use name it."""
    rules = [(use, rule) for use, given in uses.items() for rule in given]
    found: dict[tuple[Interval, str], _Claim] = {}
    for stage in (0, 1, 2):
        taken = [place for place, _ in found]
        for use, rule in rules:
            if _stage(rule) != stage:
                continue
            where = f"genome.{use}"
            if isinstance(rule, str):
                places = places_of(rule, names, where)
            else:
                places = share_of(rule, names, taken, where)
                taken += places
            for place in places:
                found.setdefault((place, use), _Claim(place, use, str(rule)))
    claims: _ByContig = {chrom: [] for chrom in names.lengths}
    for claim in found.values():
        claims[claim.place.chrom].append(claim)
    return claims


def _stage(rule: PlaceRule) -> int:
    """Texts and BED files say where; parts and blocks take from what these leave."""
    if isinstance(rule, str) or hasattr(rule, "bed"):
        return 0
    return 1 if isinstance(rule, PartPlaces) else 2


def _refuse_overlaps(claims: Sequence[_Claim], lengths: Mapping[str, int]) -> None:
    """Claims of one contig, sorted. Those that touch do not overlap; an empty contig can be claimed once.

    What is excluded may overlap the rest, as long as not all of a contig is both.
    """
    last: _Claim | None = None
    whole = [claim for claim in claims if len(claim.place) == lengths[claim.place.chrom]]
    for one, other in pairwise(whole):
        raise _overlap(one, other, lengths[one.place.chrom])
    for claim in claims:
        if claim.use == EXCLUDE:
            continue
        if last is not None and (claim.place.start < last.place.end or claim.place == last.place):
            raise _overlap(last, claim, lengths[claim.place.chrom])
        last = claim


def _overlap(one: _Claim, other: _Claim, length: int) -> InputError:
    chrom = one.place.chrom
    if len(one.place) == len(other.place) == length:
        return InputError(f"contig {chrom!r} is both {one.use} and {other.use}", place="genome", remedy="name it once")
    what = f"{one.text!r} ({one.use}) and {other.text!r} ({other.use}) overlap on contig {chrom!r}"
    return InputError(what, place="genome", remedy="hold each base out once")


def _excluded(claims: _ByContig) -> dict[str, list[Interval]]:
    """What is excluded by contig, sorted; places that overlap are joined."""
    by_contig: dict[str, list[Interval]] = {}
    for chrom, of_contig in claims.items():
        if places := [claim.place for claim in of_contig if claim.use == EXCLUDE]:
            by_contig[chrom] = merge_places(places)
    return by_contig


def without(places: Iterable[Interval], removed: Iterable[Interval]) -> tuple[Interval, ...]:
    """What remains of some places beside others, in pieces, in order."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for place in removed:
        spans.setdefault(place.chrom, []).append((place.start, place.end))
    for of_contig in spans.values():
        of_contig.sort()
    return tuple(piece for place in places for piece in _rest(place, spans.get(place.chrom, [])))


def _refuse_losses(held: Sequence[_Claim], kept: Sequence[_Claim]) -> None:
    """What was held out must not be excluded altogether: not a text's places, not those of a use."""
    left = {(claim.text, claim.use) for claim in kept}
    for claim in held:
        if (claim.text, claim.use) not in left:
            what = f"all of {claim.text!r} ({claim.use}) is excluded"
            raise InputError(what, place="genome", remedy="exclude less, or hold other places out")


def _spans(claims: Sequence[_Claim], margin_bp: int) -> list[tuple[int, int]]:
    """What claims of a contig keep from training, sorted by start: those held out with their margins."""
    return sorted(
        (claim.place.start - margin * margin_bp, claim.place.end + margin * margin_bp)
        for claim in claims
        for margin in [claim.use != EXCLUDE]
    )


def _rest(place: Interval, spans: Sequence[tuple[int, int]]) -> Iterator[Interval]:
    """What remains of a place beside sorted spans, which may overlap; without any the place, even if it is empty."""
    if not spans:
        yield place
        return
    start = place.start
    for first, last in [*spans, (place.end, place.end)]:
        if start < min(first, place.end):
            yield Interval(place.chrom, start, min(first, place.end))
        start = max(start, last)
