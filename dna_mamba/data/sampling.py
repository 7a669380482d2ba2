"""Stateless sampling of training windows: sample = f(seed, index), so that a resume needs one integer.

No order is ever written down: memory and set-up depend on the number of places, not on their length, and a sample costs
the same whatever came before it.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from dna_mamba.data.permutation import Permutation, keys_of, mixed
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval

SAMPLING_VERSION = 2
"""Goes up where a seed and an index give another window than before: an older run is then not resumed."""
_EPOCH_STREAM, _SAMPLE_STREAM = 0, 1
_SHARE_BITS = 40


class Window(NamedTuple):
    """A training window: half-open interval of a contig, 0-based, and the strand that is read."""

    chrom: str
    start: int
    end: int
    reverse: bool


def generator(seed: int, *stream: int) -> np.random.Generator:
    """A random generator that depends on nothing but its arguments."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *stream])))


class WindowSampler:
    """Windows of ``window_bp`` that tile the places once an epoch, in random order from a random offset.

    A place is a contig or a piece of one; one shorter than a window gives one window, its own length. Each sample also
    draws its strand, unless ``both_strands`` is off.

    With ``densities``, places of equal density are a group, which is tiled in epochs of its own. Among any number of
    samples in a row each group has its share, its density times its bases over the sum of these, to within a few
    samples.

    Args:
        places: where windows lie.
        window_bp: their length.
        seed: decides order, offsets and strands.
        both_strands: whether samples draw a strand.
        densities: how much oftener than others the bases of each place are read; any positive scale, 0 leaves it out.

    Raises:
        InputError: all the places are empty or left out.
    """

    def __init__(
        self,
        places: Iterable[Interval],
        window_bp: int,
        *,
        seed: int,
        both_strands: bool,
        densities: Sequence[float] | None = None,
    ) -> None:
        groups = _groups(list(places), densities)
        if not groups:
            raise InputError("no sequence to sample from", remedy="give contigs that are not empty")
        self._tilings = [_Tiling(found, window_bp, (seed, number)) for number, found in enumerate(groups.values())]
        self._mixture = Mixture([density * sum(map(len, found)) for density, found in groups.items()])
        (self._strand_key, *_) = keys_of(seed, _SAMPLE_STREAM)
        self._both_strands = both_strands

    @property
    def windows_per_epoch(self) -> int:
        """Samples after which the places have been read once; with densities, after which that much was read."""
        return sum(tiling.n_windows for tiling in self._tilings)

    def __getitem__(self, index: int) -> Window:
        """The sample of this index, any non-negative integer."""
        group, rank = self._mixture[index]
        place = self._tilings[group][rank]
        reverse = self._both_strands and bool(mixed(self._strand_key ^ mixed(index)) & 1)
        return Window(place.chrom, place.start, place.end, reverse)


def _groups(places: Sequence[Interval], densities: Sequence[float] | None) -> dict[float, list[Interval]]:
    """Places that hold anything, by their density, in order."""
    groups: dict[float, list[Interval]] = {}
    for place, density in zip(places, densities or [1.0] * len(places), strict=True):
        if len(place) and density > 0:
            groups.setdefault(density, []).append(place)
    return groups


class Mixture:
    """Which group each sample is of, and how many samples of that group came before it, from its index alone.

    Groups are halved again and again; of the first k samples of a half, floor(k p) go to its first part, where p is
    that part's share. So groups alternate as evenly as their shares allow, with no draw that would have to be counted.

    Args:
        shares: of each group, positive, on any scale.
    """

    def __init__(self, shares: Sequence[float]) -> None:
        total = sum(shares)
        whole = [max(1, round(share / total * 2**_SHARE_BITS)) for share in shares]
        self._before = [0, *accumulate(whole)]

    def __getitem__(self, index: int) -> tuple[int, int]:
        first, last = 0, len(self._before) - 1
        while last - first > 1:
            middle = (first + last) // 2
            part = self._before[middle] - self._before[first]
            whole = self._before[last] - self._before[first]
            taken = index * part // whole
            if (index + 1) * part // whole > taken:
                last, index = middle, taken
            else:
                first, index = middle, index - taken
        return first, index


class _Tiling:
    """Windows of some places by rank: once through all of them, then again in another order from other offsets."""

    def __init__(self, places: Sequence[Interval], window_bp: int, stream: tuple[int, int]) -> None:
        self._places = places
        self._window_bp = window_bp
        lengths = np.array([len(place) for place in places], dtype=np.int64)
        # a random offset below one window costs at most one window a place: their number must not depend on it
        self._counts = np.maximum(1, lengths // window_bp - 1)
        self._ends = np.cumsum(self._counts)
        self.n_windows = int(self._ends[-1])
        seed, group = stream
        self._epoch = lru_cache(maxsize=2)(lambda epoch: self._draw_epoch(seed, epoch, group))

    def _draw_epoch(self, seed: int, epoch: int, group: int) -> tuple[Permutation, int]:
        """Order of the epoch's windows, and the key of its offsets."""
        offset_key, *keys = keys_of(seed, _EPOCH_STREAM, epoch, group)
        return Permutation(self.n_windows, keys), offset_key

    def __getitem__(self, rank: int) -> Interval:
        epoch, position = divmod(rank, self.n_windows)
        order, offset_key = self._epoch(epoch)
        window = order[position]
        number = int(np.searchsorted(self._ends, window, side="right"))
        place, count = self._places[number], int(self._counts[number])
        slack = max(0, len(place) - count * self._window_bp)
        offset = mixed(offset_key ^ mixed(number)) % (slack + 1)
        start = place.start + offset + (window - (int(self._ends[number]) - count)) * self._window_bp
        return Interval(place.chrom, start, min(start + self._window_bp, place.end))
