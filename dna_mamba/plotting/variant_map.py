"""Variant scores along a chromosome, by kind of substitution, and what the model expects at the strongest one."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dna_mamba.alphabet import BASES, reverse_complement
from dna_mamba.genome import Interval, Strand
from dna_mamba.plotting.figures import BASE_COLOURS, BLUE, GREY, ORANGE, PURPLE, SKY, VERMILION, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRANSITIONS, TRANSVERSIONS = ("C>T", "T>C"), ("C>A", "C>G", "T>A", "T>G")
_N_NAMED = 3
_NAME_SHARE = 0.1
"""Width of a variant's name as a share of the axes."""
_LLR_LABEL = "LLR (nats)"


class ScoredVariant(NamedTuple):
    """A substitution and its score; ``pos`` is 1-based."""

    pos: int
    ref: str
    alt: str
    llr: float


class SitePrediction(NamedTuple):
    """What a model expects at a masked site: the variant there and the probability of each base."""

    variant: ScoredVariant
    probabilities: Mapping[str, float]


def substitution_class(ref: str, alt: str) -> str:
    """One of six, with the pyrimidine of the reference pair first: ``G>A`` and ``C>T`` are both ``C>T``."""
    change = f"{ref}>{alt}".upper()
    return change if ref.upper() in "CT" else ">".join(map(reverse_complement, change.split(">")))


def is_transition(ref: str, alt: str) -> bool:
    """Purine for purine or pyrimidine for pyrimidine."""
    return substitution_class(ref, alt) in TRANSITIONS


def variant_map(
    variants: Sequence[ScoredVariant],
    *,
    chrom: str,
    coding: Sequence[Interval] = (),
    strongest: SitePrediction | None = None,
    title: str = "",
) -> "Figure":
    """Scores along ``chrom`` over its coding sequences, their spread by substitution class, one site's prediction.

    Args:
        variants: scored substitutions.
        chrom: name of the chromosome, for the axis.
        coding: coding sequences on it; others are passed over. Without any, no gene track is drawn.
        strongest: the prediction to show; without it that panel is left out.
        title: what was scored with what.

    Raises:
        InputError: matplotlib is not installed.
    """
    figure = new_figure(11, 6.6)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    right = "prediction" if strongest else "classes"
    axes = figure.subplot_mosaic(
        [["map", "map"], ["genes", "genes"], ["classes", right]],
        height_ratios=[3, 0.45, 2],
        width_ratios=[1.6, 1],
    )
    genes = [interval for interval in coding if interval.chrom == chrom]
    _draw_map(axes["map"], variants, genes)
    _draw_genes(axes["genes"], genes, chrom)
    axes["genes"].sharex(axes["map"])
    axes["map"].tick_params(labelbottom=False)
    _draw_classes(axes["classes"], variants)
    if strongest:
        _draw_prediction(axes["prediction"], strongest, chrom)
    return figure


def _draw_map(axes: "Axes", variants: Sequence[ScoredVariant], genes: Sequence[Interval]) -> None:
    from matplotlib.ticker import FuncFormatter

    pos, llr = np.array([v.pos for v in variants]), np.array([v.llr for v in variants])
    is_coding = np.array([any(gene.start < p <= gene.end for gene in genes) for p in pos], dtype=bool)
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.vlines(pos, 0, llr, color=GREY, linewidth=0.5, alpha=0.5)
    kinds = [("in a coding sequence", is_coding, VERMILION, "o"), ("elsewhere", ~is_coding, BLUE, "D")]
    for label, chosen, colour, marker in kinds if genes else [("variant", ~is_coding, BLUE, "o")]:
        label = f"{label} ({chosen.sum():,})"
        axes.scatter(pos[chosen], llr[chosen], s=16, c=colour, marker=marker, linewidths=0, alpha=0.85, label=label)
    axes.margins(x=0.02, y=0.1)
    axes.set_xlim(*axes.get_xlim())  # the genes beyond the variants are cut off
    _name_lowest(axes, variants)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / 1000:g}"))
    axes.legend(fontsize=8, frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2)
    tidy(axes, "Masked log-likelihood ratio of each substitution", y_label=f"{_LLR_LABEL}\n← ALT less likely")


def _name_lowest(axes: "Axes", variants: Sequence[ScoredVariant]) -> None:
    """Names of the lowest scores in a row under them, apart from each other."""
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.14 * (high - low), high)
    left, right = axes.get_xlim()
    share = -_NAME_SHARE
    for variant in sorted(sorted(variants, key=lambda v: v.llr)[:_N_NAMED], key=lambda v: v.pos):
        share = max(share + _NAME_SHARE, (variant.pos - left) / (right - left) - _NAME_SHARE / 2)
        axes.annotate(
            f"{variant.pos:,} {variant.ref}>{variant.alt}",
            (variant.pos, variant.llr),
            (min(share, 1 - _NAME_SHARE), 0.02),
            textcoords="axes fraction",
            fontsize=8,
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "relpos": (0.5, 1), "shrinkB": 3},
        )


def _draw_genes(axes: "Axes", genes: Sequence[Interval], chrom: str) -> None:
    """Coding sequences in two rows: forward strand above, reverse strand below."""
    for strand, row, colour in ((Strand.FORWARD, 1, ORANGE), (Strand.REVERSE, 0, SKY)):
        spans = [(gene.start, len(gene)) for gene in genes if gene.strand == strand]
        axes.broken_barh(spans, (row + 0.1, 0.8), facecolors=colour)
    axes.set_ylim(0, 2)
    axes.set_yticks([0.5, 1.5], ["−", "+"])
    tidy(axes, "", f"position on {chrom} (kb)", "coding" if genes else "")
    axes.spines["left"].set_visible(False)
    axes.tick_params(left=False)


def _draw_classes(axes: "Axes", variants: Sequence[ScoredVariant]) -> None:
    by_class = {name: [v.llr for v in group] for name, group in _by_class(variants)}
    names = [*TRANSITIONS, *TRANSVERSIONS]
    rng = np.random.default_rng(0)  # spreads the dots sideways; the same ones each time
    for column, name in enumerate(names):
        llr = np.array(by_class.get(name, []))
        colour = PURPLE if name in TRANSITIONS else SKY
        axes.scatter(column + rng.uniform(-0.18, 0.18, len(llr)), llr, s=6, c=colour, linewidths=0, alpha=0.7)
        if len(llr):
            axes.hlines(np.median(llr), column - 0.32, column + 0.32, color="black", linewidth=1.8)
    axes.axhline(0, color=GREY, linewidth=0.8, zorder=0)
    axes.axvline(len(TRANSITIONS) - 0.5, color=GREY, linewidth=0.8, linestyle=":")
    labels = [f"{_both_strands(name)}\n{len(by_class.get(name, [])):,}" for name in names]
    axes.set_xticks(range(len(names)), labels)
    for x, text in ((0.5, "transitions"), (3.5, "transversions")):
        axes.text(x, 1.0, text, transform=axes.get_xaxis_transform(), ha="center", va="top", fontsize=8, color=GREY)
    axes.margins(y=0.15)
    tidy(axes, "By kind of substitution (bar: median)", "substitution on either strand, number scored", _LLR_LABEL)


def _by_class(variants: Sequence[ScoredVariant]) -> "groupby[str, ScoredVariant]":
    def name(variant: ScoredVariant) -> str:
        return substitution_class(variant.ref, variant.alt)

    return groupby(sorted(variants, key=name), key=name)


def _both_strands(name: str) -> str:
    return f"{name} / {'>'.join(map(reverse_complement, name.split('>')))}"


def _draw_prediction(axes: "Axes", prediction: SitePrediction, chrom: str) -> None:
    variant, probabilities = prediction
    heights = [probabilities[base] for base in BASES]
    bars = axes.bar(list(BASES), heights, color=[BASE_COLOURS[base] for base in BASES], width=0.7)
    roles = {variant.ref.upper(): "REF", variant.alt.upper(): "ALT"}
    labels = [f"{height:.3f}\n{roles.get(base, '')}".strip() for base, height in zip(BASES, heights, strict=True)]
    axes.bar_label(bars, labels, fontsize=8, padding=2)
    axes.set_ylim(0, max(heights) * 1.3)
    tidy(axes, f"Expected at {chrom}:{variant.pos:,} (LLR {variant.llr:.2f} nats)", "base", "probability, site masked")
