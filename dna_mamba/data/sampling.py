"""Stateless sampling of training windows: sample = f(seed, index), so that a resume needs one integer."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.data.store import Codes
from dna_mamba.errors import InputError

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
    """Windows of ``window_bp`` that tile the contigs once an epoch, in random order from a random offset.

    Contigs shorter than a window give one window, their own length. Each sample also draws its strand, unless
    ``both_strands`` is off.
    """

    def __init__(self, contigs: Mapping[str, Codes], window_bp: int, *, seed: int, both_strands: bool) -> None:
        self._chroms = [chrom for chrom, codes in contigs.items() if len(codes)]
        if not self._chroms:
            raise InputError("no sequence to sample from", remedy="give contigs that are not empty")
        self._lengths = np.array([len(contigs[chrom]) for chrom in self._chroms])
        self._window_bp, self._seed, self._both_strands = window_bp, seed, both_strands
        # a random offset below one window costs at most one window a contig: their number must not depend on it
        self._windows_per_contig = np.maximum(1, self._lengths // window_bp - 1)
        self._epoch_order = lru_cache(maxsize=2)(self._draw_epoch)

    @property
    def windows_per_epoch(self) -> int:
        """Samples after which the contigs have been read once."""
        return int(self._windows_per_contig.sum())

    def __getitem__(self, index: int) -> Window:
        """The sample of this index, any non-negative integer."""
        epoch, position = divmod(index, self.windows_per_epoch)
        order, contig_of, offset_of = self._epoch_order(epoch)
        window = int(order[position])
        contig = int(contig_of[window])
        start = int(offset_of[window])
        end = min(start + self._window_bp, int(self._lengths[contig]))
        reverse = self._both_strands and bool(generator(self._seed, _SAMPLE_STREAM, index).integers(2))
        return Window(self._chroms[contig], start, end, reverse)

    def _draw_epoch(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Order of the epoch's windows; contig and start of each."""
        rng = generator(self._seed, _EPOCH_STREAM, epoch)
        counts = self._windows_per_contig
        slack = self._lengths - counts * self._window_bp
        first = rng.integers(0, np.maximum(1, slack + 1))
        contig_of = np.repeat(np.arange(len(counts)), counts)
        rank = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        starts = first[contig_of] + rank * self._window_bp
        return rng.permutation(len(starts)), contig_of, starts
