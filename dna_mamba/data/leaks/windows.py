"""Windows of held-out sequence, what of them stands in training, and the place there that has most of each."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.data.leaks.layout import JointPlaces
from dna_mamba.data.leaks.matches import Matches
from dna_mamba.genome import Interval, Strand


class WindowLeak(NamedTuple):
    """A held-out window and what of it stands in training."""

    window: Interval
    share: float
    """Of its known bases, those in matches with any place of training."""
    source: Interval | None
    """The place of training that has most of it, with the strand; None where only single repeats are shared."""
    identity: float
    """Estimate for that place from its shared k-mers: their share to the power 1/k (Ondov et al. 2016); 0 for none."""


class HeldOutWindows(NamedTuple):
    """Windows that tile the places of a layout, in joint coordinates."""

    layout: JointPlaces
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, layout: JointPlaces, window_bp: int) -> "HeldOutWindows":
        """Windows of ``window_bp``, the last one of each place shorter."""
        starts = [
            np.arange(offset, offset + len(place), window_bp)
            for place, offset in zip(layout.places, layout.starts.tolist(), strict=True)
        ]
        ends = [
            np.minimum(some + window_bp, offset + len(place))
            for some, place, offset in zip(starts, layout.places, layout.starts.tolist(), strict=True)
        ]
        return cls(layout, np.concatenate(starts), np.concatenate(ends))

    def sums(self, marks: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Marked joint coordinates in each window, int64 (n,)."""
        totals = np.concatenate(([0], np.cumsum(marks, dtype=np.int32)))
        return (totals[self.ends] - totals[self.starts]).astype(np.int64)

    def touching(self, matches: Matches) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Windows that matches touch, and the match of each; a match comes once for each of its windows."""
        first = np.searchsorted(self.starts, matches.held_start, side="right") - 1
        last = np.searchsorted(self.starts, matches.held_end - 1, side="right") - 1
        counts = last - first + 1
        source = np.repeat(np.arange(len(counts)), counts)
        rank = np.arange(len(source)) - np.repeat(np.cumsum(counts) - counts, counts)
        return first[source] + rank, source


class BestMatches:
    """Of each window the match that covers most of it, the first one found where several do."""

    def __init__(self, windows: HeldOutWindows) -> None:
        self._windows = windows
        n_windows = len(windows.starts)
        self._overlap = np.zeros(n_windows, dtype=np.int64)
        self._matches = Matches.none(n_windows)
        self._sources: list[Interval | None] = [None] * n_windows

    def take(self, matches: Matches, training: JointPlaces) -> None:
        """Look at more matches, found in this part of training."""
        windows = self._windows
        window, source = windows.touching(matches)
        start = np.maximum(matches.held_start[source], windows.starts[window])
        overlap = np.minimum(matches.held_end[source], windows.ends[window]) - start
        order = np.lexsort((-overlap, window))
        is_first = np.concatenate(([True], np.diff(window[order]) != 0))[: len(order)]
        chosen = order[is_first]
        chosen = chosen[overlap[chosen] > self._overlap[window[chosen]]]
        self._overlap[window[chosen]] = overlap[chosen]
        for ours, theirs in zip(self._matches, matches, strict=True):
            ours[window[chosen]] = theirs[source[chosen]]
        for at in chosen.tolist():
            self._sources[window[at]] = _source(matches, int(source[at]), int(start[at]), int(overlap[at]), training)

    def leaks(
        self, covered: NDArray[np.int64], known: NDArray[np.int64], seeds: NDArray[np.int64], k: int
    ) -> list[WindowLeak]:
        """Every window with a known base.

        Args:
            covered: known bases of each window that stand in training, int64 (n,).
            known: known bases of each, int64 (n,).
            seeds: joint coordinates of the k-mers that were looked for, ascending.
            k: their bases.
        """
        found = self._matches
        looked_for = np.searchsorted(seeds, found.held_end - k, side="right") - np.searchsorted(seeds, found.held_start)
        identity = np.minimum(1.0, found.n_seeds / np.maximum(1, looked_for)) ** (1 / k)
        identity[self._overlap == 0] = 0.0
        windows, layout = self._windows, self._windows.layout
        return [
            WindowLeak(layout.interval(start, end), n_covered / n_known, source, like)
            for start, end, n_covered, n_known, source, like in zip(
                windows.starts.tolist(),
                windows.ends.tolist(),
                covered.tolist(),
                known.tolist(),
                self._sources,
                identity.tolist(),
                strict=True,
            )
            if n_known
        ]


def _source(matches: Matches, index: int, start: int, length: int, training: JointPlaces) -> Interval:
    """The part of a match's training sequence that stands for ``length`` bases from ``start`` of the held-out one."""
    first, last = int(matches.training_start[index]), int(matches.training_end[index])
    offset = start - int(matches.held_start[index])
    reverse = bool(matches.reverse[index])
    begin = max(first, last - offset - length) if reverse else min(first + offset, last - 1)
    place = training.interval(begin, min(last, begin + length))
    return Interval(place.chrom, place.start, place.end, strand=Strand.REVERSE if reverse else Strand.FORWARD)
