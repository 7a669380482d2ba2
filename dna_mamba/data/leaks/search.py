"""How much of each held-out window stands in training sequence, and where."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, bases_of
from dna_mamba.data.genomes import Genome
from dna_mamba.data.leaks.layout import JointPlaces, layouts
from dna_mamba.data.leaks.matches import Matches, match
from dna_mamba.data.leaks.seeds import SeedIndex
from dna_mamba.data.leaks.settings import LeakSettings, Seeding
from dna_mamba.data.leaks.windows import BestMatches, HeldOutWindows, WindowLeak
from dna_mamba.data.places import merge_places
from dna_mamba.genome import Interval
from dna_mamba.runs.counts import Advance, untold

HELD_OUT_BP = 1 << 23
"""Held-out sequence that is searched for at a time; each such part reads the training sequence once."""
_TRAINING_BP = 1 << 22
_LEAST_EXCLUDED_BP = 100


class _Found(NamedTuple):
    """What one stretch of training sequence shares with the held-out sequence."""

    layout: JointPlaces
    matches: list[Matches]
    repeats: NDArray[np.int64]
    """Joint coordinates of k-mers that are repeats."""


def search_bp(held_out: Sequence[Interval], training: Sequence[Interval], settings: LeakSettings) -> int:
    """Bases of training that ``find_leaks`` will search, each as often as it is."""
    return sum(map(len, training)) * sum(1 for _ in layouts(held_out, _part_bp(settings)))


def find_leaks(
    genome: Genome,
    held_out: Sequence[Interval],
    training: Sequence[Interval],
    settings: LeakSettings,
    advance: Advance = untold,
) -> list[WindowLeak]:
    """The windows of some held-out places, in order, each with how much of it stands in training.

    Held-out places are cut into windows of ``settings.window_bp``, the last one of each shorter; windows without a
    known base are left out. Memory depends on neither sequence beyond some 10 Mbp. ``advance`` is told how many
    bases of training were searched.
    """
    leaks: list[WindowLeak] = []
    for layout in layouts(held_out, _part_bp(settings)):
        leaks += _leaks_of(layout, genome, training, settings, advance)
    return leaks


def training_matches(
    genome: Genome,
    held_out: Sequence[Interval],
    training: Sequence[Interval],
    settings: LeakSettings,
    advance: Advance = untold,
) -> list[Interval]:
    """Stretches of training sequence that stand in some held-out places, those near each other joined.

    Left out are stretches of less than 100 bp; joined those less than a quarter of a window apart, so that training
    sequence is not cut into crumbs.
    """
    found: list[Interval] = []
    for layout in layouts(held_out, _part_bp(settings)):
        index = SeedIndex(layout.kmers(genome, settings.seeding.k, settings.seeding.scaled), settings.seeding.scaled)
        for part in _search(index, genome, training, settings.seeding, advance):
            found += _training_stretches(part, settings.seeding.k)
    joined = merge_places(found, settings.window_bp // 4)
    order = {place.chrom: i for i, place in reversed(list(enumerate(training)))}
    joined.sort(key=lambda place: (order[place.chrom], place.start))
    return [place for place in joined if len(place) >= _LEAST_EXCLUDED_BP]


def _part_bp(settings: LeakSettings) -> int:
    """A whole number of windows, so that where a part ends does not move them."""
    return max(1, HELD_OUT_BP // settings.window_bp) * settings.window_bp


def _leaks_of(
    layout: JointPlaces, genome: Genome, training: Sequence[Interval], settings: LeakSettings, advance: Advance
) -> list[WindowLeak]:
    seeding = settings.seeding
    kmers = layout.kmers(genome, seeding.k, seeding.scaled)
    index = SeedIndex(kmers, seeding.scaled)
    windows = HeldOutWindows.of(layout, settings.window_bp)
    best = BestMatches(windows)
    edges = np.zeros(layout.extent + seeding.k + 1, dtype=np.int32)
    for part in _search(index, genome, training, seeding, advance):
        for matches in part.matches:
            np.add.at(edges, matches.held_start, 1)
            np.add.at(edges, matches.held_end, -1)
            best.take(matches, part.layout)
    repeats = index.repeats_found()
    np.add.at(edges, repeats, 1)
    np.add.at(edges, repeats + seeding.k, -1)
    covered = np.cumsum(edges, dtype=np.int32)[: layout.extent] > 0
    known = np.zeros(layout.extent, dtype=bool)
    codes = layout.codes(genome)
    at = np.flatnonzero(bases_of(codes) < N_CODE)
    known[layout.joint(at)] = True
    return best.leaks(windows.sums(covered & known), windows.sums(known), kmers.positions, seeding.k)


def _search(
    index: SeedIndex, genome: Genome, training: Sequence[Interval], seeding: Seeding, advance: Advance
) -> Iterator[_Found]:
    for layout in layouts(training, _TRAINING_BP, overlap_bp=seeding.k - 1):
        pairs, repeats = index.look_up(layout.kmers(genome, seeding.k, seeding.scaled))
        yield _Found(layout, [match(some, seeding) for some in pairs], repeats)
        advance(sum(map(len, layout.places)))


def _training_stretches(part: _Found, k: int) -> list[Interval]:
    """Stretches of training that matches and repeats cover, each within one place."""
    starts = np.concatenate([part.repeats, *(matches.training_start for matches in part.matches)])
    ends = np.concatenate([part.repeats + k, *(matches.training_end for matches in part.matches)])
    if not len(starts):
        return []
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    first = np.concatenate(([0], np.flatnonzero(starts[1:] > ends[:-1]) + 1))
    last = np.concatenate((first[1:], [len(starts)])) - 1
    spans = zip(starts[first].tolist(), ends[last].tolist(), strict=True)
    return [part.layout.interval(start, end) for start, end in spans]
