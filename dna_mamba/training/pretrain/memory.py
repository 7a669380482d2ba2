"""Whether a step of a recipe fits in memory, from its shapes alone, and what would fit where it does not."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.memory import Shape, TrainingMemory, gibibytes, memory_of, require, training_memory
from dna_mamba.training.distributed.world import ALONE, World
from dna_mamba.training.pretrain.recipe import Recipe
from dna_mamba.training.pretrain.start import frozen_depth, n_frozen


class MemoryNeed(NamedTuple):
    """What a process takes, and what there is for it.

    Attributes:
        step: bytes of a training step in one process.
        processes: how many of them share the memory: those of this machine, unless each has its own GPU.
        free: bytes that all these can still take; None where nothing says.
        remedy: what to change where it does not fit, in words; empty where it does.
    """

    step: TrainingMemory
    processes: int
    free: int | None
    remedy: str

    @property
    def total(self) -> int:
        """Bytes of all processes that share the memory."""
        return self.step.total * self.processes


def memory_need(recipe: Recipe, model: MaskedLanguageModel, world: World = ALONE) -> MemoryNeed:
    """The memory of a run that has not begun; ``model`` is whole and on its device."""
    processes = 1 if model.device.type == "cuda" else world.local_size
    need = MemoryNeed(step_memory(recipe, model, world), processes, memory_of(model.device), "")
    if need.free is None or need.total <= need.free:
        return need
    return need._replace(remedy=_remedy(recipe, model, world, need.free // processes))


def check_memory(recipe: Recipe, model: MaskedLanguageModel, world: World = ALONE) -> None:
    """Refuse, before the first step, a run that memory does not suffice for, and say what would fit.

    Raises:
        MachineError: what a step needs is above what the device has free.
    """
    need, batch = memory_need(recipe, model, world), recipe.batch
    what = f"a step of {batch.windows} x {batch.window_bp:,} bp"
    if need.processes > 1:
        what += f" in {need.processes} processes"
    require(need.total, model.device, what, need.remedy)


def step_memory(recipe: Recipe, model: MaskedLanguageModel, world: World = ALONE) -> TrainingMemory:
    """Bytes of one training step of a recipe in one process."""
    memory = training_memory(
        model.config,
        _largest_pass(recipe, model, world),
        model.n_parameters,
        recompute=recipe.recompute,
        frozen=n_frozen(model),
        frozen_depth=frozen_depth(model),
    )
    if recipe.distributed.strategy != "fsdp" or world.size == 1:
        return memory
    fetched = 8 * max(sum(p.numel() for p in layer.parameters()) for layer in model.encoder.layers)
    return memory._replace(
        weights=memory.weights // world.size + fetched,
        gradients=memory.gradients // world.size,
        moments=memory.moments // world.size,
    )


def _largest_pass(recipe: Recipe, model: MaskedLanguageModel, world: World) -> Shape:
    """What a process reads at a time, in the stage where that is most."""
    strands = 2 if model.config.reverse_complement == "shared" else 1
    shapes = []
    for stage in recipe.batch.by_first_step():
        windows = -(-stage.windows // world.data_size)
        passes = -(-windows // (recipe.batch.micro_windows or windows))
        shapes.append(Shape(strands * -(-windows // passes), -(-stage.window_bp // world.context_size)))
    return max(shapes, key=lambda shape: shape.positions)


def _remedy(recipe: Recipe, model: MaskedLanguageModel, world: World, free: int) -> str:
    """The first change that makes a step fit; the first two leave what is learnt as it is."""
    for settings, change in _smaller(recipe):
        needed = step_memory(recipe.model_copy(update=change), model, world).total
        if needed <= free:
            return f"{settings} needs about {gibibytes(needed)}"
    if world.size > 1 and recipe.distributed.strategy != "fsdp":
        return "take a smaller model, or --set distributed.strategy=fsdp"
    return "take a smaller model"


def _smaller(recipe: Recipe) -> Iterator[tuple[str, dict[str, Any]]]:
    """Settings and what they change: recomputation, then fewer windows at a time, then shorter windows."""
    recompute = "--set recompute=true"
    yield recompute, {"recompute": True}
    windows = max(stage.windows for stage in recipe.batch.by_first_step())
    while windows > 1:
        windows //= 2
        batch = recipe.batch.model_copy(update={"micro_windows": windows})
        yield f"{recompute} --set batch.micro_windows={windows}", {"recompute": True, "batch": batch}
    window_bp = recipe.batch.longest_window_bp // 2
    while window_bp:
        batch = recipe.batch.model_copy(update={"micro_windows": 1, "window_bp": window_bp, "stages": []})
        stages = " --set batch.stages=[]" if recipe.batch.stages else ""
        settings = f"{recompute} --set batch.micro_windows=1 --set batch.window_bp={window_bp}{stages}"
        yield settings, {"recompute": True, "batch": batch}
        window_bp //= 2
