"""What a run directory holds, and what may become of one that is there already."""

import shutil
from pathlib import Path

import yaml

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output
from dna_mamba.plotting import save_figure, training_curve
from dna_mamba.training.loop.events import EVENTS, EventFile, has_tensorboard
from dna_mamba.training.loop.log import read_log
from dna_mamba.training.loop.loop import CHECKPOINTS, LOG
from dna_mamba.training.loop.watcher import Report
from dna_mamba.training.pretrain.recipe import Recipe

RECIPE, MODEL, FIGURE = "recipe.yaml", "model", "curve.png"


def check_directory(directory: Path, *, resume: bool, force: bool) -> None:
    """Refuse what is there already, unless it is a run to resume or, with ``force``, to replace.

    Raises:
        InputError: it exists and neither is set, or it is something other than a run.
    """
    if resume or not directory.exists() or (directory.is_dir() and not any(directory.iterdir())):
        return
    if not force:
        raise InputError("exists already", place=directory, remedy="--resume resumes it, --force starts again")
    if not (directory / LOG).is_file():
        raise InputError("does not hold a run, so --force leaves it alone", place=directory, remedy="give another RUN")


def clear_directory(directory: Path) -> None:
    """Remove what an earlier run left; other files stay."""
    for name in (LOG, RECIPE, FIGURE):
        (directory / name).unlink(missing_ok=True)
    for name in (CHECKPOINTS, MODEL, EVENTS):
        shutil.rmtree(directory / name, ignore_errors=True)


def write_recipe(recipe: Recipe, directory: Path) -> None:
    """``recipe.yaml``, every default filled in."""
    with atomic_output(directory / RECIPE, force=True) as stream:
        stream.write(yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False).encode())


def event_files(recipe: Recipe, directory: Path) -> list[EventFile]:
    """What TensorBoard reads, where the recipe asks for it, or does not say and it is installed.

    Raises:
        InputError: it is asked for and not installed.
    """
    wanted = has_tensorboard() if recipe.log.tensorboard is None else recipe.log.tensorboard
    return [EventFile(directory / EVENTS)] if wanted else []


def draw_curve(directory: Path, title: str, report: Report) -> Path | None:
    """``curve.png`` from the log; None, and a line that says why, where it cannot be drawn."""
    try:
        figure = training_curve(read_log(directory / LOG), title=title)
    except InputError as error:
        report(f"no figure: {error}")
        return None
    save_figure(figure, directory / FIGURE, force=True)
    report(f"training curve drawn in {directory / FIGURE}")
    return directory / FIGURE
