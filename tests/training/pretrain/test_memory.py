"""The memory of a step follows its shape, what is frozen, and how many processes share the work."""

import re
from pathlib import Path

import pytest
import yaml

from dna_mamba.models.memory import TrainingMemory
from dna_mamba.training.distributed.world import ALONE, World
from dna_mamba.training.pretrain import read_recipe
from dna_mamba.training.pretrain.memory import MemoryNeed, memory_need, step_memory
from dna_mamba.training.pretrain.start import starting_point


def step(recipe_path: Path, *overrides: str, world: World = ALONE) -> TrainingMemory:
    start = starting_point(read_recipe(recipe_path, overrides))
    return step_memory(start.recipe, start.model, world)


def need(recipe_path: Path, *overrides: str, world: World = ALONE) -> MemoryNeed:
    start = starting_point(read_recipe(recipe_path, overrides))
    return memory_need(start.recipe, start.model, world)


def test_activations_grow_with_the_step_and_shrink_with_recomputation(recipe_path: Path) -> None:
    base = step(recipe_path).activations
    assert step(recipe_path, "batch.windows=40").activations == pytest.approx(10 * base, rel=1e-3)
    assert step(recipe_path, "batch.window_bp=640").activations == pytest.approx(10 * base, rel=1e-3)
    assert step(recipe_path, "model.reverse_complement=shared").activations == pytest.approx(2 * base, rel=1e-3)
    assert step(recipe_path, "batch.micro_windows=1").activations == pytest.approx(base / 4, rel=1e-3)
    deep, again = (step(recipe_path, "model.n_layer=8", f"recompute={value}") for value in ("false", "true"))
    assert again.activations < deep.activations and again.weights == deep.weights


def test_the_stage_that_takes_most_counts(recipe_path: Path) -> None:
    stages = "batch.stages=[{window_bp: 32, steps: 3}, {window_bp: 256}]"
    assert step(recipe_path, stages) == step(recipe_path)
    divided = step(recipe_path, stages, "batch.micro_windows=2").activations
    assert divided == step(recipe_path, "batch.windows=1", "batch.window_bp=256").activations


def test_frozen_parts_have_no_gradients_and_no_moments(recipe_path: Path) -> None:
    whole, part = (
        step(recipe_path, "init=yeast-tiny", "model={}", f"freeze={parts}")
        for parts in ("[]", "[embedding, layers.0-5]")
    )
    assert part.weights == whole.weights and whole.gradients == whole.weights == whole.moments // 2
    assert part.moments == 2 * part.gradients < 0.6 * whole.gradients
    assert part.activations < 0.5 * whole.activations


def test_processes_share_windows_and_under_fsdp_the_weights(recipe_path: Path) -> None:
    four = World(size=4, local_size=4)
    alone, each = step(recipe_path), step(recipe_path, world=four)
    assert each.activations == pytest.approx(alone.activations / 4, rel=1e-3) and each.weights == alone.weights
    shared = step(recipe_path, "distributed.strategy=fsdp", world=four)
    assert shared.moments == alone.moments // 4 and shared.gradients == alone.gradients // 4
    halves = step(recipe_path, world=World(size=4, context_size=4))
    assert halves.activations == each.activations
    assert need(recipe_path, world=four).total == 4 * each.total


@pytest.mark.parametrize("stages", ["[]", "[{window_bp: 512, steps: 2}, {window_bp: 32768}]"])
@pytest.mark.parametrize("free_mib", [1200, 1000, 700, 560])
def test_what_is_said_to_fit_does(
    recipe_path: Path, monkeypatch: pytest.MonkeyPatch, free_mib: int, stages: str
) -> None:
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: free_mib * 2**20)
    large = ("model.size=tiny", "batch.window_bp=4096", "batch.windows=64", f"batch.stages={stages}")
    found = need(recipe_path, *large)
    assert found.total > free_mib * 2**20
    settings = tuple(re.findall(r"--set (\S+)", found.remedy))
    assert settings[0] == "recompute=true" and yaml.safe_load(settings[0].split("=")[1]) is True
    fits = need(recipe_path, *large, *settings)
    assert fits.total <= free_mib * 2**20 and not fits.remedy


def test_a_model_that_can_never_fit(recipe_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 2**20)
    assert need(recipe_path).remedy == "take a smaller model"
    assert "distributed.strategy=fsdp" in need(recipe_path, world=World(size=2)).remedy
