"""Shares of genomes to hold out: the places of a BED file, a part of each contig or genome, blocks drawn at random."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from dna_mamba.data.places import ContigNames, bed_places
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval

Share = Annotated[float, Field(gt=0, lt=1)]


class _Rule(BaseModel):
    """Keys that are not known are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def __str__(self) -> str:
        """As a recipe writes it, without what is left at its default."""
        given = self.model_dump(mode="json", exclude_defaults=True)
        return "{" + ", ".join(f"{key}: {value}" for key, value in given.items()) + "}"


class BedPlaces(_Rule):
    """The intervals of a BED file, whatever the file is called."""

    bed: str


class PartPlaces(_Rule):
    """The last share of each contig, or the part between two shares of it: ``last: 0.1`` is ``part: [0.9, 1.0]``.

    ``of`` is a name or a pattern; ``each: genome`` takes the contigs of a genome for one long contig.
    """

    last: Share | None = None
    part: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(gt=0, le=1)]] | None = None
    of: str = "*"
    each: Literal["contig", "genome"] = "contig"

    @model_validator(mode="after")
    def _is_one_part(self) -> "PartPlaces":
        if (self.last is None) == (self.part is None):
            raise ValueError("give one of last and part")
        if self.part is not None and self.part[0] >= self.part[1]:
            raise ValueError("part must begin before it ends")
        return self

    @property
    def shares(self) -> tuple[float, float]:
        """Where the part begins and ends, as shares of the whole."""
        return self.part if self.part is not None else (1 - (self.last or 0), 1.0)


class BlockPlaces(_Rule):
    """A fraction of the blocks of about ``block_bp`` that contigs are cut into, drawn evenly over all of them."""

    fraction: Share
    block_bp: int = Field(default=100_000, gt=0)
    of: str = "*"
    seed: int = Field(default=0, ge=0)


PLACE_TAGS = _TEXT, _BED, _PART, _BLOCKS = ("text of a place", "BED places", "part places", "block places")
_KINDS = {"bed": _BED, "last": _PART, "part": _PART, "fraction": _BLOCKS}


def _kind_of(value: object) -> str | None:
    if isinstance(value, BaseModel):
        return next((kind for key, kind in _KINDS.items() if getattr(value, key, None) is not None), None)
    if isinstance(value, dict):
        return next((kind for key, kind in _KINDS.items() if key in value), None)
    return _TEXT


PlaceRule: TypeAlias = Annotated[
    Annotated[str, Tag(_TEXT)]
    | Annotated[BedPlaces, Tag(_BED)]
    | Annotated[PartPlaces, Tag(_PART)]
    | Annotated[BlockPlaces, Tag(_BLOCKS)],
    Discriminator(
        _kind_of,
        custom_error_type="place",
        custom_error_message="not a place: give a text or a mapping with one of the keys bed, last, part, fraction",
    ),
]
"""What a list of places in a recipe holds."""


def share_of(
    rule: BedPlaces | PartPlaces | BlockPlaces, names: ContigNames, taken: Iterable[Interval], asked_by: str
) -> list[Interval]:
    """The places that a rule holds out.

    Contigs that are ``taken`` whole are left out of parts, blocks that overlap what is taken are not drawn.

    Raises:
        InputError: nothing is left for the rule to hold out, or its BED file cannot be used.
    """
    if isinstance(rule, BedPlaces):
        return bed_places(rule.bed, names)
    held = list(taken)
    whole = {place.chrom for place in held if len(place) == names.lengths[place.chrom]}
    contigs = [chrom for chrom in names.matching(rule.of) if chrom not in whole and names.lengths[chrom]]
    if not contigs:
        remedy = "give a name or a pattern of contigs that are not held out whole"
        raise InputError(f"{rule} has no contig to hold out of", place=asked_by, remedy=remedy)
    places = _parts(rule, names, contigs) if isinstance(rule, PartPlaces) else _blocks(rule, names, contigs, held)
    if not places:
        raise InputError(f"{rule} holds nothing out", place=asked_by, remedy="give a larger share or smaller blocks")
    return places


def _parts(rule: PartPlaces, names: ContigNames, contigs: Sequence[str]) -> list[Interval]:
    """The part of each group of contigs laid end to end; a group is a contig or a genome."""
    groups: dict[str, list[str]] = {}
    for chrom in contigs:
        groups.setdefault(chrom if rule.each == "contig" else names.genomes[chrom], []).append(chrom)
    places: list[Interval] = []
    for group in groups.values():
        total = sum(names.lengths[chrom] for chrom in group)
        first, last = (round(share * total) for share in rule.shares)
        offset = 0
        for chrom in group:
            length = names.lengths[chrom]
            start, end = max(0, first - offset), min(length, last - offset)
            if start < end:
                places.append(Interval(chrom, start, end))
            offset += length
    return places


def _blocks(
    rule: BlockPlaces, names: ContigNames, contigs: Sequence[str], taken: Iterable[Interval]
) -> list[Interval]:
    """One block out of each equal share of all the blocks in order, so that they spread over the contigs.

    No block that overlaps what is taken is drawn.
    """
    spans: dict[str, list[Interval]] = {}
    for place in taken:
        spans.setdefault(place.chrom, []).append(place)
    blocks = [
        block
        for chrom in contigs
        for block in _cut(chrom, names.lengths[chrom], rule.block_bp)
        if not any(block.start < place.end and place.start < block.end for place in spans.get(chrom, ()))
    ]
    n_drawn = min(len(blocks), max(1, round(rule.fraction * len(blocks))))
    edges = np.arange(n_drawn + 1) * len(blocks) // max(1, n_drawn)
    return [blocks[i] for i in np.random.default_rng(rule.seed).integers(edges[:-1], edges[1:])]


def _cut(chrom: str, length: int, block_bp: int) -> list[Interval]:
    """A contig in equal blocks of about ``block_bp``, at least one."""
    n_blocks = max(1, round(length / block_bp))
    edges = [i * length // n_blocks for i in range(n_blocks + 1)]
    return [Interval(chrom, start, end) for start, end in pairwise(edges)]

