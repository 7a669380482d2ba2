"""Figures of single bases, which some commands draw beside their output."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from dna_mamba.cli.console import log
from dna_mamba.cli.options import Command

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_FIGURE_BP = 1000
"""More letters beside each other cannot be read."""


def figure_option(what: str) -> Callable[[Command], Command]:
    """``--figure``: ``what`` it shows, of how many bases at most."""
    said = f"{what} of at most {MOST_FIGURE_BP} bp: .png, .svg or .pdf."
    return click.option("--figure", metavar="OUT.svg", type=click.Path(), help=said)


def check_figure(path: str, *, force: bool) -> None:
    """Refuse, before any work, what could not be written. Raises InputError."""
    from dna_mamba.io.atomic import check_target
    from dna_mamba.plotting import figure_format

    figure_format(path)
    check_target(path, force=force)


def write_figure(figure: "Figure", path: str, *, force: bool) -> None:
    """Write it whole, and say where. Raises InputError and MachineError as ``plotting.save_figure``."""
    from dna_mamba.plotting import save_figure

    save_figure(figure, path, force=force)
    log(f"figure: {path}")
