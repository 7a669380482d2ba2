"""``dna-mamba pretrain``: a model of your own genome from one recipe."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dna_mamba.cli.console import format_duration, log, progress
from dna_mamba.cli.options import device_option, force_option, resolve_device, setup_torch, threads_option
from dna_mamba.errors import InputError

if TYPE_CHECKING:
    from dna_mamba.training.pretrain.job import Run

FIGURE = "curve.png"


@click.command()
@click.argument("recipe", type=click.Path())
@click.option("-o", "--output", "run", required=True, metavar="RUN", type=click.Path(), help="Directory of the run.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key, as schedule.steps=100.")
@click.option("--resume", is_flag=True, help="Go on from the newest checkpoint of RUN, or start if there is none.")
@click.option("--strict", is_flag=True, help="With --resume: stop at a damaged checkpoint, take no older one.")
@click.option("--dry-run", is_flag=True, help="Time a few steps and say how long the run will take; write nothing.")
@force_option
@device_option
@threads_option
def command(
    recipe: str,
    run: str,
    overrides: tuple[str, ...],
    resume: bool,
    strict: bool,
    dry_run: bool,
    force: bool,
    device: str,
    threads: int,
) -> None:
    """Pretrain a masked language model on genomes, as RECIPE (YAML) says.

    RUN receives the resolved recipe, a JSONL log, checkpoints and, at the end, the model with its card and the
    training curve. SIGTERM and
    SIGUSR1 write a checkpoint and exit with code 75: the same command with --resume goes on, to the last bit.
    """
    from dna_mamba.training.pretrain import job as training
    from dna_mamba.training.pretrain.estimate import check_memory
    from dna_mamba.training.pretrain.recipe import read_recipe

    settings = read_recipe(recipe, overrides)
    directory = Path(run)
    if not dry_run:
        _claim(directory, resume=resume, force=force)
    setup_torch(threads)
    prepared = training.prepare(settings, directory, resolve_device(device))
    check_memory(prepared)
    if dry_run:
        _estimate(prepared)
        return
    command_line = shlex.join(["dna-mamba", *sys.argv[1:]])
    done = training.begin(prepared, log, resume=resume, strict=strict)
    with progress("trained", unit="steps", total=settings.schedule.steps - done) as advance:
        watcher = training.Watcher(report=log, advance=advance)
        training.pretrain(prepared, watcher, done=done, command=command_line)
    _draw(directory, settings.about.name)


def _claim(directory: Path, *, resume: bool, force: bool) -> None:
    """Refuse to touch what is there, unless it is a run to resume or, with --force, to replace."""
    from dna_mamba.training.pretrain.job import CHECKPOINTS, LOG, MODEL, RECIPE

    if resume or not directory.exists() or (directory.is_dir() and not any(directory.iterdir())):
        return
    if not force:
        raise InputError("exists already", place=directory, remedy="--resume goes on, --force starts again")
    if not (directory / LOG).is_file():
        raise InputError("holds no run, so --force leaves it alone", place=directory, remedy="give another RUN")
    for name in (LOG, RECIPE, FIGURE):
        (directory / name).unlink(missing_ok=True)
    for name in (CHECKPOINTS, MODEL):
        shutil.rmtree(directory / name, ignore_errors=True)


def _draw(directory: Path, name: str) -> None:
    """Write the training curve beside the log, or say why there is none."""
    from dna_mamba.plotting import save_figure, training_curve
    from dna_mamba.training.loop.log import read_log
    from dna_mamba.training.pretrain.job import LOG

    try:
        figure = training_curve(read_log(directory / LOG), title=name)
    except InputError as error:
        log(f"no figure: {error}")
        return
    save_figure(figure, directory / FIGURE, force=True)
    log(f"training curve drawn in {directory / FIGURE}")


def _estimate(prepared: "Run") -> None:
    from dna_mamba.training.pretrain.estimate import estimate

    facts = estimate(prepared)
    click.echo(f"parameters\t{facts.parameters}")
    click.echo(f"training_bp\t{facts.training_bp}")
    click.echo(f"bp_per_step\t{prepared.tokens_per_step}")
    click.echo(f"seconds_per_step\t{facts.seconds_per_step:.3f}")
    click.echo(f"peak_memory_mib\t{facts.peak_memory_bytes / 2**20:.0f}")
    log(f"{prepared.recipe.schedule.steps:,} steps will take about {format_duration(facts.seconds)}")
