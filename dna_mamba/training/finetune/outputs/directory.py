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
    if not directory.exists() or not any(directory.iterdir()):
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


def remove_work(directory: Path) -> None:
    """Remove what only a run that is not done needs."""
    for name in _WORK:
        shutil.rmtree(directory / name, ignore_errors=True)


def write_finetune_recipe(recipe: FinetuneRecipe, directory: Path) -> None:
    """``recipe.yaml``, every default filled in."""
    with atomic_output(directory / RECIPE, force=True) as stream:
        stream.write(recipe_text(recipe).encode())
