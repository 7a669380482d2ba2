"""``dna-mamba plot``: the training curves of runs of ``dna-mamba pretrain``, compared in one figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dna_mamba.cli.console import log
from dna_mamba.cli.options import force_option
from dna_mamba.errors import InputError

if TYPE_CHECKING:
    from dna_mamba.plotting import Against


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=click.Path())
@click.option(
    "-o", "--output", required=True, metavar="OUT", type=click.Path(), help="Figure to write: .svg, .png or .pdf."
)
@click.option(
    "--against",
    type=click.Choice(["steps", "tokens", "hours"]),
    default="steps",
    show_default=True,
    help="What the horizontal axis counts; hours are those of training steps.",
)
@click.option("--title", metavar="TEXT", show_default="the name of the run", help="Shown above the curves.")
@force_option
def command(runs: tuple[str, ...], output: str, against: "Against", title: str | None, force: bool) -> None:
    """Draw the loss of RUN, a directory of dna-mamba pretrain that may still be running, or of several in one figure.

    The training loss is that of masked positions, averaged over neighbouring steps; the held-out loss and the best
    Markov baseline of each kind are in bits per base, as they are in RUN/log.jsonl.
    """
    from dna_mamba.io.atomic import check_target
    from dna_mamba.plotting import compare_runs, figure_format, save_figure
    from dna_mamba.training.loop.log import read_run

    figure_format(output)
    check_target(output, force=force)
    names = _names(runs)
    figure = compare_runs(
        {name: read_run(run) for name, run in zip(names, runs, strict=True)},
        against=against,
        title=title or (names[0] if len(names) == 1 else "Pretraining"),
    )
    save_figure(figure, output, force=force)
    log(f"figure: {output}")


def _names(runs: Sequence[str]) -> list[str]:
    """The last part of each path, or all of it where two runs would be called the same.

    Raises:
        InputError: a run is given twice.
    """
    resolved = [Path(run).resolve() for run in runs]
    for run, path in zip(runs, resolved, strict=True):
        if resolved.count(path) > 1:
            raise InputError("is given twice", place=run, remedy="name each run once")
    short = [path.name for path in resolved]
    return [name if short.count(name) == 1 else run for name, run in zip(short, runs, strict=True)]
