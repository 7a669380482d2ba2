"""Whether a step of a recipe fits in memory, from its shapes alone, and what would fit where it does not."""

from collections.abc import Iterator
from typing import Any

from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.memory import Shape, gibibytes, memory_of, require, training_bytes
from dna_mamba.training.pretrain.recipe import Recipe


def check_memory(recipe: Recipe, model: MaskedLanguageModel) -> None:
    """Refuse, before the first step, a run that memory does not suffice for, and say what would fit.

    Raises:
        MachineError: what a step needs is above what the device has free.
    """
    batch = recipe.batch
    require(
        needed_memory(recipe, model.n_parameters),
        model.device,
        f"a step of {batch.windows} x {batch.window_bp:,} bp",
        _remedy(recipe, model.n_parameters, memory_of(model.device)),
    )


def needed_memory(recipe: Recipe, parameters: int) -> int:
    """Bytes of one training step of a recipe."""
    config = recipe.model_config_of()
    strands = 2 if config.reverse_complement == "shared" else 1
    shape = Shape(strands * recipe.batch.windows, recipe.batch.window_bp)
    return training_bytes(config, shape, parameters, recompute=recipe.recompute)


def _remedy(recipe: Recipe, parameters: int, free: int | None) -> str:
    """The first change that makes a step fit: recomputation, then fewer windows, then shorter ones."""
    for change in _smaller(recipe):
        changed = recipe.model_copy(update=change)
        if free is None or needed_memory(changed, parameters) <= free:
            batch = changed.batch
            settings = (
                f"--set recompute=true --set batch.windows={batch.windows} --set batch.window_bp={batch.window_bp}"
            )
            return f"{settings} needs about {gibibytes(needed_memory(changed, parameters))}"
    return "take a smaller model"


def _smaller(recipe: Recipe) -> Iterator[dict[str, Any]]:
    windows, window_bp = recipe.batch.windows, recipe.batch.window_bp
    while window_bp >= 1:
        batch = recipe.batch.model_copy(update={"windows": windows, "window_bp": window_bp})
        yield {"recompute": True, "batch": batch}
        windows, window_bp = (windows // 2, window_bp) if windows > 1 else (1, window_bp // 2)
