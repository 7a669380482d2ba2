"""What a run directory holds, and what may become of one that is there already."""

import json
import shutil
from pathlib import Path

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output
from dna_mamba.training.finetune.outputs.results import PREDICTIONS, RESULTS
from dna_mamba.training.finetune.recipe import FinetuneRecipe, recipe_text
from dna_mamba.training.loop.log import LOG_FILE

RECIPE, MODEL, FIGURES, LEAKS = "recipe.yaml", "model", "figures", "leaks.tsv"
PROGRESS, EMBEDDINGS, TRAININGS = "progress", "embeddings", "trainings"
_WORK = (PROGRESS, EMBEDDINGS, TRAININGS)


def check_run_directory(directory: Path, *, resume: bool, force: bool) -> None:
    """Refuse what is there already, unless it is a run to resume or, with ``force``, to replace.

    Raises:
        InputError: it exists and neither is set, or it is something other than a run; or its parent does not exist.
    """
    if not directory.exists() and not directory.absolute().parent.is_dir():
        raise InputError(f"no directory {directory.absolute().parent}", place=directory, remedy="make it first")
    if directory.exists() and not directory.is_dir():
        raise InputError("is a file", place=directory, remedy="give another RUN")
    if not directory.exists() or all(path.name.endswith(".partial") for path in directory.iterdir()):
        return
    if not (directory / RECIPE).is_file():
        raise InputError("holds something else than a run", place=directory, remedy="give another RUN")
    if not (resume or force):
        raise InputError("exists already", place=directory, remedy="--resume resumes it, --force starts again")


def clear_run_directory(directory: Path) -> None:
    """Remove what an earlier run left; other files stay."""
    for name in (RESULTS, PREDICTIONS, LEAKS, LOG_FILE):
        (directory / name).unlink(missing_ok=True)
    for name in (MODEL, FIGURES, *_WORK):
        shutil.rmtree(directory / name, ignore_errors=True)


def is_done(directory: Path, recipe: FinetuneRecipe, data_sha256: str) -> bool:
    """Whether a run of this recipe on these rows ended there: its results are written last."""
    if not (directory / RESULTS).is_file() or not (directory / MODEL).is_dir():
        return False
    same_rows = json.loads((directory / RESULTS).read_text()).get("data_sha256") == data_sha256
    return same_rows and (directory / RECIPE).read_text() == recipe_text(recipe)


def refuse_other_results(directory: Path) -> None:
    """Raise InputError where a run ended whose results another one would replace."""
    if (directory / RESULTS).is_file() and not any((directory / name).is_dir() for name in _WORK):
        remedy = "give another RUN, or --force without --resume to replace it"
        raise InputError("holds the results of another recipe or other rows", place=directory, remedy=remedy)


def remove_training(directory: Path, name: str) -> None:
    """Remove checkpoints and log of a training whose answers are kept."""
    shutil.rmtree(directory / TRAININGS / name, ignore_errors=True)


def remove_work(directory: Path) -> None:
    """Remove what only a run that is not done needs, and what a kill left half-written."""
    for name in _WORK:
        shutil.rmtree(directory / name, ignore_errors=True)
    for left in [*directory.rglob(".*.partial"), *directory.rglob(".*.replaced")]:
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def write_finetune_recipe(recipe: FinetuneRecipe, directory: Path) -> None:
    """``recipe.yaml``, every default filled in."""
    with atomic_output(directory / RECIPE, force=True) as stream:
        stream.write(recipe_text(recipe).encode())
