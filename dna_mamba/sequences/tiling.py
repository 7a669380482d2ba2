"""Where windows lie on a contig, such that the reverse complement of the contig has the mirror images of them.

The windows are spread evenly from end to end, an odd number of them: then one lies on the contig's middle and the
others in pairs around it, and no base is claimed by two that are each other's mirror image. Of two neighbours each
keeps what is nearer to its own middle.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval


class Tile(NamedTuple):
    """A window ``[start, end)`` that is read, and the part ``[keep_start, keep_end)`` whose values are kept."""

    start: int
    end: int
    keep_start: int
    keep_end: int


def check_tiling(window_bp: int, overlap_bp: int) -> None:
    """Raises InputError unless 0 <= overlap < window; a window of 0 stands for whole contigs."""
    if window_bp < 0 or overlap_bp < 0 or 0 < window_bp <= overlap_bp:
        what = f"windows of {window_bp:,} bp that overlap by {overlap_bp:,} bp"
        raise InputError(what, remedy="the overlap is 0 or more and less than the window (0: whole contigs)")


def longest_whole(window_bp: int, overlap_bp: int, length: int) -> int:
    """The longest contig that is read whole, ``length`` where all are: three windows would read more of it."""
    return 2 * window_bp - overlap_bp if window_bp else length


def tile(length: int, window_bp: int, overlap_bp: int) -> list[Tile]:
    """Windows over a contig of ``length`` bp, by position; what they keep covers it once.

    Neighbours overlap by ``overlap_bp`` or more. All windows are ``window_bp`` long, the middle one perhaps one more;
    a contig that two of them would cover is read whole, as is any where ``window_bp`` is 0.

    Raises:
        InputError: see ``check_tiling``.
    """
    check_tiling(window_bp, overlap_bp)
    if not length:
        return []
    if length <= longest_whole(window_bp, overlap_bp, length):
        return [Tile(0, length, 0, length)]
    half = -(-(length - window_bp) // (2 * (window_bp - overlap_bp)))
    left = [(length - window_bp) * i // (2 * half) for i in range(half)]
    middle = (length - window_bp) // 2
    spans = [
        *((start, start + window_bp) for start in left),
        (middle, length - middle),
        *((length - start - window_bp, length - start) for start in reversed(left)),
    ]
    cuts = [(spans[i][1] + spans[i + 1][0]) // 2 for i in range(half)]
    edges = [0, *cuts, *(length - cut for cut in reversed(cuts)), length]
    return [Tile(*span, edges[i], edges[i + 1]) for i, span in enumerate(spans) if edges[i] < edges[i + 1]]


def tiles_touching(tiles: Sequence[Tile], regions: Iterable[Interval]) -> list[Tile]:
    """Of the windows of a contig, in order, those that keep something of any of its regions."""
    chosen: list[Tile] = []
    spans, at = _joined(regions), 0
    for window in tiles:
        while at < len(spans) and spans[at][1] <= window.keep_start:
            at += 1
        if at < len(spans) and spans[at][0] < window.keep_end:
            chosen.append(window)
    return chosen


def _joined(regions: Iterable[Interval]) -> list[tuple[int, int]]:
    """Stretches that regions cover, by position."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted((region.start, region.end) for region in regions if len(region)):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
