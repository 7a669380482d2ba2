"""Where the weights that a run continues from come from, and how much they have read."""

from pathlib import Path
from typing import Any, NamedTuple

from dna_mamba.checkpoints import locate
from dna_mamba.checkpoints.manifest import read_json
from dna_mamba.errors import InputError
from dna_mamba.training.loop.checkpoint import STATE, list_checkpoints
from dna_mamba.training.loop.log import read_log
from dna_mamba.training.loop.loop import CHECKPOINTS, LOG
from dna_mamba.training.pretrain.directory import MODEL, RECIPE
from dna_mamba.training.pretrain.recipe import read_recipe


class Origin(NamedTuple):
    """The weights that a run continues from.

    Attributes:
        model: as it was named.
        sha256: hex, of its weights.
        bp: bases they had been trained on; None where nothing says.
    """

    model: str
    sha256: str
    bp: int | None

    def row(self) -> dict[str, Any]:
        """Fields of the log's first row."""
        return {"init": self.model, "init_sha256": self.sha256, "init_bp": self.bp}

    def __str__(self) -> str:
        read = "" if self.bp is None else f", after {self.bp:,} bp"
        return f"continued from {self.model}{read} (SHA-256 of the weights {self.sha256})"


def find_weights(name: str) -> Path:
    """The directory of a model given as for ``load_model``, or by its run: the run's model, else its newest checkpoint.

    Raises:
        InputError: no such model, or a run that has written none.
    """
    run = Path(name)
    if not (run / LOG).is_file():
        return locate(name)
    if (run / MODEL).is_dir():
        return run / MODEL
    for checkpoint in list_checkpoints(run / CHECKPOINTS):
        return checkpoint
    raise InputError("is a run without a model or checkpoint yet", place=name, remedy="wait for its first checkpoint")


def read_bp(directory: Path) -> int | None:
    """Bases that a model had read when it was written into its run, the run's own origin included.

    None where it does not lie in a run, or where its run does not know of its own origin.
    """
    is_checkpoint = directory.parent.name == CHECKPOINTS and (directory / STATE).is_file()
    run = directory.parent.parent if is_checkpoint else directory.parent
    if not (run / LOG).is_file() or not (run / RECIPE).is_file():
        return None
    begun = next((row for row in read_log(run / LOG) if row["event"] == "start"), {})
    before = begun.get("init_bp", 0)
    recipe = read_recipe(run / RECIPE)
    steps = read_json(directory / STATE).get("step") if is_checkpoint else recipe.schedule.steps
    return before + steps * recipe.batch.bp_per_step if isinstance(steps, int) and isinstance(before, int) else None
