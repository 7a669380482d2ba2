"""Stateless sampling of training windows: sample = f(seed, index), so that a resume needs one integer."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval

_EPOCH_STREAM, _SAMPLE_STREAM = 0, 1


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

    Raises:
        InputError: all the places are empty.
    """

    def __init__(self, places: Iterable[Interval], window_bp: int, *, seed: int, both_strands: bool) -> None:
        self._places = [place for place in places if len(place)]
        if not self._places:
            raise InputError("no sequence to sample from", remedy="give contigs that are not empty")
        self._lengths = np.array([len(place) for place in self._places])
        self._window_bp = window_bp
        self._seed = seed
        self._both_strands = both_strands
        # a random offset below one window costs at most one window a place: their number must not depend on it
        self._windows_per_place = np.maximum(1, self._lengths // window_bp - 1)
        self._epoch_order = lru_cache(maxsize=2)(self._draw_epoch)

    @property
    def windows_per_epoch(self) -> int:
        """Samples after which the places have been read once."""
        return int(self._windows_per_place.sum())

    def __getitem__(self, index: int) -> Window:
        """The sample of this index, any non-negative integer."""
        epoch, position = divmod(index, self.windows_per_epoch)
        order, place_of, offset_of = self._epoch_order(epoch)
        window = int(order[position])
        place = self._places[int(place_of[window])]
        start = place.start + int(offset_of[window])
        end = min(start + self._window_bp, place.end)
        reverse = self._both_strands and bool(generator(self._seed, _SAMPLE_STREAM, index).integers(2))
        return Window(place.chrom, start, end, reverse)

    def _draw_epoch(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Order of the epoch's windows; the place of each, and its offset there."""
        rng = generator(self._seed, _EPOCH_STREAM, epoch)
        counts = self._windows_per_place
        slack = self._lengths - counts * self._window_bp
        first = rng.integers(0, np.maximum(1, slack + 1))
        place_of = np.repeat(np.arange(len(counts)), counts)
        rank = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        offsets = first[place_of] + rank * self._window_bp
        return rng.permutation(len(offsets)), place_of, offsets
