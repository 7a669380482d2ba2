"""What every figure shares: colours that colour-blind readers can tell apart, plain axes, files by suffix."""

from pathlib import Path
from typing import TYPE_CHECKING

from dna_mamba.errors import InputError
from dna_mamba.extras import need
from dna_mamba.io.atomic import atomic_output

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito 2008, "Color universal design".
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#767676",
)
BASE_COLOURS = {"A": GREEN, "C": BLUE, "G": ORANGE, "T": VERMILION}
FORMATS = ("png", "svg", "pdf")
_DPI = 160


def new_figure(width_in: float, height_in: float) -> "Figure":
    """An empty figure of its own, outside pyplot's global list.

    Raises:
        InputError: matplotlib is not installed.
    """
    figures = need("matplotlib.figure", what="a figure")
    figure: Figure = figures.Figure(figsize=(width_in, height_in), layout="constrained", facecolor="white")
    return figure


def tidy(axes: "Axes", title: str, x_label: str = "", y_label: str = "") -> None:
    """Title and labels, and no frame where nothing is read off."""
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes.set_xlabel(x_label, fontsize=9)
    axes.set_ylabel(y_label, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def figure_format(path: str | Path) -> str:
    """The format a file name asks for. Raises InputError if it is not one of ``FORMATS``."""
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise InputError(f"figure format {suffix!r}", place=path, remedy=f"end the name in .{', .'.join(FORMATS)}")
    return suffix


def save_figure(figure: "Figure", path: str | Path, *, force: bool = False) -> None:
    """Write PNG, SVG or PDF as the name ends; the same figure gives the same bytes.

    Raises:
        InputError: an unknown suffix, or the file exists and not ``force``.
        MachineError: the disk is full.
    """
    from matplotlib import rc_context

    kind = figure_format(path)
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    with atomic_output(path, force=force) as stream, rc_context({"svg.hashsalt": "dna-mamba"}):
        figure.savefig(stream, format=kind, dpi=_DPI, metadata=undated)
