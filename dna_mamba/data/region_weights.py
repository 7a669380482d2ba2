"""Training sequence by what an annotation says of it: stretches, and how densely each is read.

Places are cut into tiles of several windows, so that a window keeps its surroundings; a tile's density is the mean
weight of its bases, and neighbours of nearly one density are joined.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log2
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.data.genomes import Genome
from dna_mamba.data.places import ContigNames
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.gff.rows import read_rows

INTERGENIC = "intergenic"
"""Outside of every row of the annotation."""
_WHOLE_CONTIGS = frozenset({"region", "chromosome", "contig", "scaffold", "supercontig", "source", "biological_region"})
"""Row types that say nothing of what lies where."""
_STEPS_A_DOUBLING = 4
_PIECE_BP = 1 << 22
_EXAMPLES = 8

Spans = dict[str, dict[str, NDArray[np.int64]]]
"""Starts and ends by row type, then by contig: int64 (n, 2), 0-based half-open."""


class WeightedPlaces(NamedTuple):
    """Places of training sequence and how densely the bases of each are read, 1 on average over a genome."""

    places: list[Interval]
    densities: list[float]


def region_places(
    genome: Genome, train: Sequence[Interval], annotation: Iterable[str], weights: Mapping[str, float], tile_bp: int
) -> WeightedPlaces:
    """Training places cut by the weights of what they hold.

    A base has the weight of the first type of ``weights`` that a row over it is of, ``intergenic`` where there is no
    row, else 1. The mean density over what is trained on of a genome is 1: weights move windows within genomes.

    Args:
        genome: the contigs of ``train``.
        train: what is trained on.
        annotation: GFF3 or GTF files.
        weights: by row type (column 3), or ``intergenic``; 0 leaves out tiles that hold nothing else.
        tile_bp: length of a tile; the last one of a place may be up to twice as long.

    Raises:
        InputError: a file cannot be read or is of another genome, a type is not in it, or all weights are 0.
    """
    names = ContigNames.of(genome)
    spans = read_spans(annotation, weights, names)
    by_level: list[tuple[Interval, float]] = []
    for place in train:
        for tile, mean in _tiles(place, spans, weights, tile_bp):
            density = _rounded(mean)
            last, level = by_level[-1] if by_level else (None, None)
            if last is not None and level == density and (last.chrom, last.end) == (tile.chrom, tile.start):
                by_level[-1] = (Interval(last.chrom, last.start, tile.end), density)
            else:
                by_level.append((tile, density))
    sizes: Counter[str] = Counter()
    totals: dict[str, float] = dict.fromkeys(names.genomes.values(), 0.0)
    for place, density in by_level:
        sizes[names.genomes[place.chrom]] += len(place)
        totals[names.genomes[place.chrom]] += len(place) * density
    if not any(totals.values()):
        raise InputError("nothing that is trained on has a weight above 0", place="genome.region_weights")
    scale = {of: sizes[of] / total if total else 0.0 for of, total in totals.items()}
    densities = [density * scale[names.genomes[place.chrom]] for place, density in by_level]
    return WeightedPlaces([place for place, _ in by_level], densities)


def read_spans(annotation: Iterable[str], weights: Mapping[str, float], names: ContigNames) -> Spans:
    """Where the rows of each type lie that has a weight, and those of any type under ``intergenic``.

    Raises:
        InputError: a file cannot be read, a row passes its contig's end, no contig is known, or a type is not there.
    """
    found: dict[str, dict[str, list[tuple[int, int]]]] = {kind: {} for kind in (*weights, INTERGENIC)}
    kinds: Counter[str] = Counter()
    n_elsewhere = 0
    for path in annotation:
        for row in read_rows(path):
            if row.kind in _WHOLE_CONTIGS:
                continue
            start, end = row.span()
            chroms = names.matching(row.chrom) if row.chrom in names.known else []
            if not chroms:
                n_elsewhere += 1
                continue
            if end > names.lengths[chroms[0]]:
                what = f"{row.kind} {start + 1}-{end} ends past {chroms[0]}, which has {names.lengths[chroms[0]]} bp"
                raise InputError(what, place=row.place, remedy="give the annotation of this genome")
            kinds[row.kind] += 1
            for kind in {row.kind, INTERGENIC} & found.keys():
                found[kind].setdefault(chroms[0], []).append((start, end))
    _refuse_unknown(weights, kinds, n_elsewhere)
    return {
        kind: {chrom: np.array(sorted(spans), dtype=np.int64) for chrom, spans in by_contig.items()}
        for kind, by_contig in found.items()
    }


def _refuse_unknown(weights: Mapping[str, float], kinds: Counter[str], n_elsewhere: int) -> None:
    if not kinds:
        what = f"no row lies on a contig of the genome ({n_elsewhere:,} lie on others)"
        raise InputError(what, place="genome.annotation", remedy="give its annotation, with the same contig names")
    for kind in weights:
        if kind not in kinds and kind != INTERGENIC:
            there = ", ".join(name for name, _ in kinds.most_common(_EXAMPLES))
            raise InputError(f"no row of type {kind!r}", place="genome.region_weights", remedy=f"there are {there}")


def _tiles(
    place: Interval, spans: Spans, weights: Mapping[str, float], tile_bp: int
) -> Iterator[tuple[Interval, float]]:
    """Tiles of a place and the mean weight of their bases; a piece of the place is looked at a time."""
    per_piece = max(1, _PIECE_BP // tile_bp) * tile_bp
    n_tiles = max(1, len(place) // tile_bp)
    edges = np.append(np.arange(n_tiles) * tile_bp, len(place)) + place.start
    for first in range(0, n_tiles, per_piece // tile_bp):
        some = edges[first : first + per_piece // tile_bp + 1]
        sums = np.concatenate(([0.0], np.cumsum(_weights(place.chrom, int(some[0]), int(some[-1]), spans, weights))))
        for start, end in zip(some[:-1].tolist(), some[1:].tolist(), strict=True):
            mean = (sums[end - some[0]] - sums[start - some[0]]) / max(1, end - start)
            yield Interval(place.chrom, start, end), float(mean)


def _weights(chrom: str, start: int, end: int, spans: Spans, weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Of each base, float64 (end - start,)."""
    of = np.ones(end - start)
    of[~_inside(spans[INTERGENIC], chrom, start, end)] = weights.get(INTERGENIC, 1.0)
    for kind in reversed([kind for kind in weights if kind != INTERGENIC]):
        of[_inside(spans[kind], chrom, start, end)] = weights[kind]
    return of


def _inside(spans: Mapping[str, NDArray[np.int64]], chrom: str, start: int, end: int) -> NDArray[np.bool_]:
    """Which bases of a stretch lie in spans, bool (end - start,)."""
    edges = np.zeros(end - start + 1, dtype=np.int32)
    if chrom in spans:
        clipped = np.clip(spans[chrom], start, end) - start
        np.add.at(edges, clipped[:, 0], 1)
        np.add.at(edges, clipped[:, 1], -1)
    return np.cumsum(edges[:-1]) > 0


def _rounded(weight: float) -> float:
    """To a quarter of a doubling: few levels, each read in epochs of its own."""
    return 2.0 ** (round(log2(weight) * _STEPS_A_DOUBLING) / _STEPS_A_DOUBLING) if weight > 0 else 0.0
