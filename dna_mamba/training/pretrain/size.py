"""How large a run is, from its shapes alone: numbers, tokens, memory, disk."""

import shutil
from pathlib import Path
from typing import NamedTuple

from dna_mamba.data.batches import MaskedBatches
from dna_mamba.data.splits import Split
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.training.distributed.world import ALONE, World
from dna_mamba.training.pretrain.memory import MemoryNeed, memory_need
from dna_mamba.training.pretrain.recipe import Recipe
from dna_mamba.training.pretrain.start import n_frozen

_COUNTED_WINDOWS = 8


class RunSize(NamedTuple):
    """What a run amounts to, before anything of it is measured.

    Attributes:
        parameters: numbers in the model's weights.
        frozen_parameters: those that are not trained.
        training_bp: bases to train on, each counted once.
        steps: of the run.
        bp_per_step: bases a step reads, over all processes.
        tokens_per_step: the tokens that these are, padding left out.
        memory: of a process, and what there is.
        model_bytes: of the model on disk.
        checkpoint_bytes: of each checkpoint: weights and moments.
        disk_bytes: of the run at most: the checkpoints that are kept, the one being written, the model.
        free_disk_bytes: where the run is to be written.
    """

    parameters: int
    frozen_parameters: int
    training_bp: int
    steps: int
    bp_per_step: int
    tokens_per_step: float
    memory: MemoryNeed
    model_bytes: int
    checkpoint_bytes: int
    disk_bytes: int
    free_disk_bytes: int

    @property
    def tokens(self) -> int:
        """Read in the whole run."""
        return round(self.tokens_per_step * self.steps)

    @property
    def epochs(self) -> float:
        """How often the training sequence is read."""
        return self.bp_per_step * self.steps / self.training_bp


def size_of_run(
    recipe: Recipe,
    model: MaskedLanguageModel,
    split: Split,
    batches: MaskedBatches,
    directory: Path,
    world: World = ALONE,
) -> RunSize:
    """The size of the run that a recipe describes, to be written to ``directory``."""
    parameters, frozen = model.n_parameters, n_frozen(model)
    model_bytes = 4 * parameters
    checkpoint_bytes = model_bytes + 8 * (parameters - frozen)
    return RunSize(
        parameters,
        frozen,
        sum(map(len, split.train)),
        recipe.schedule.steps,
        recipe.batch.bp_per_step,
        _tokens_per_step(batches),
        memory_need(recipe, model, world),
        model_bytes,
        checkpoint_bytes,
        model_bytes + (recipe.schedule.keep_checkpoints + 1) * checkpoint_bytes,
        shutil.disk_usage(_existing(directory)).free,
    )


def _tokens_per_step(batches: MaskedBatches) -> float:
    """By the first windows of the first step."""
    windows = batches.windows_at(0)
    batch = batches.part(0, 0, min(windows, _COUNTED_WINDOWS))
    tokens = batch.inputs.numel() if batch.lengths is None else int(batch.lengths.sum())
    return tokens * windows / len(batch.inputs)


def _existing(directory: Path) -> Path:
    """The directory itself, or the nearest one above it that is there."""
    path = directory.absolute()
    while not path.exists():
        path = path.parent
    return path
