"""Tracks over a stretch of a contig, with the coding sequences below."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dna_mamba.genome import Interval, Strand
from dna_mamba.plotting.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINES = (BLUE, VERMILION, GREEN, PURPLE)


def track_map(
    tracks: Mapping[str, NDArray[np.floating]],
    region: Interval,
    *,
    coding: Sequence[Interval] = (),
    smooth_bp: int = 1,
    title: str = "",
) -> "Figure":
    """Each track in a panel of its own over one region, coding sequences by strand in the lowest.

    Args:
        tracks: values (L,) by name, one for each base of the region; NaN leaves a gap.
        region: 0-based half-open, of L bases.
        coding: coding sequences with their names; those on other places are passed over.
        smooth_bp: width of the running mean drawn on top of the values; 1 draws the values alone.
        title: what was read with what.

    Raises:
        InputError: matplotlib is not installed.
    """
    n_tracks = len(tracks)
    figure = new_figure(10, 0.9 + 1.6 * n_tracks + (0.9 if coding else 0))
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    heights = [1.6] * n_tracks + ([0.8] if coding else [])
    panels = figure.subplots(len(heights), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0]
    pos = np.arange(region.start, region.end) + 1
    for index, (name, values) in enumerate(tracks.items()):
        _draw_values(panels[index], pos, np.asarray(values, dtype=np.float64), smooth_bp, _LINES[index % len(_LINES)])
        tidy(panels[index], name)
    if coding:
        _draw_genes(panels[-1], coding, region)
    panels[-1].set_xlim(region.start + 0.5, region.end + 0.5)
    panels[-1].set_xlabel(f"position on {region.chrom}", fontsize=9)
    panels[-1].xaxis.set_major_formatter("{x:,.0f}")
    return figure


def running_mean(values_L: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Mean over the known values of ``width`` bases around each (fewer at the ends), (L,); NaN where there are none."""
    known = np.isfinite(values_L)
    kernel = np.ones(width)
    totals = np.convolve(np.where(known, values_L, 0), kernel, mode="full")
    counts = np.convolve(known.astype(np.float64), kernel, mode="full")
    here = slice((width - 1) // 2, (width - 1) // 2 + len(values_L))
    with np.errstate(invalid="ignore"):
        means: NDArray[np.float64] = np.where(counts[here] > 0.5, totals[here] / counts[here], np.nan)
    return means


def _draw_values(
    axes: "Axes", pos: NDArray[np.int64], values: NDArray[np.float64], smooth_bp: int, colour: str
) -> None:
    if smooth_bp == 1:
        axes.plot(pos, values, color=colour, linewidth=0.6)
        return
    axes.plot(pos, values, color=colour, linewidth=0.4, alpha=0.25)
    axes.plot(pos, running_mean(values, smooth_bp), color=colour, linewidth=1.4, label=f"mean of {smooth_bp} bp")
    axes.legend(fontsize=8, frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1)


def _draw_genes(axes: "Axes", coding: Sequence[Interval], region: Interval) -> None:
    """Two rows, forward strand above; each gene is named once."""
    named: set[str] = set()
    for gene in coding:
        first, last = max(gene.start, region.start), min(gene.end, region.end)
        if gene.chrom != region.chrom or first >= last:
            continue
        row, colour = (0, SKY) if gene.strand == Strand.REVERSE else (1, ORANGE)
        axes.broken_barh([(first + 0.5, last - first)], (row + 0.12, 0.76), facecolors=colour)
        if gene.name not in named and last - first > len(region) / 25:
            axes.text((first + last) / 2, row + 0.47, gene.name, ha="center", va="center", fontsize=7.5, clip_on=True)
            named.add(gene.name)
    axes.set_ylim(0, 2)
    axes.set_yticks([0.5, 1.5], ["−", "+"])
    tidy(axes, "", "", "coding")
    axes.axhline(1, color=GREY, linewidth=0.4)
    axes.spines["left"].set_visible(False)
    axes.tick_params(left=False)
