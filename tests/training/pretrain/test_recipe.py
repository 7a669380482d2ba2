"""Recipes: overrides, unknown keys, and the recipes that come with the project."""

from pathlib import Path

import pytest

from dna_mamba.errors import InputError
from dna_mamba.training.pretrain.recipe import read_recipe

MINIMAL = "genome: {fasta: a.fa, validation: [chr2]}\nschedule: {steps: 5}\n"
RECIPES = sorted((Path(__file__).parents[3] / "pipelines" / "recipes").glob("*.yaml"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "recipe.yaml").write_text(MINIMAL)
    return tmp_path / "recipe.yaml"


def test_overrides_reach_any_depth(path: Path) -> None:
    overrides = ("schedule.steps=7", "model.d_state=8", "genome.fasta=[a.fa, b.fa]", "optimiser.learning_rate=1e-3")
    recipe = read_recipe(path, overrides)
    assert recipe.schedule.steps == 7 and recipe.model_config_of().d_state == 8
    assert recipe.genome.fasta == ["a.fa", "b.fa"] and recipe.optimiser.learning_rate == 1e-3


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("schedule.stepz=7", "schedule.stepz"),
        ("schedule.steps=many", "schedule.steps"),
        ("schedule.steps=0", "schedule.steps"),
        ("model.d_modle=8", "d_modle"),
        ("model.size=huge", "huge"),
        ("masking.rate=1.5", "masking.rate"),
        ("schedule.steps", "not key=value"),
        ("schedule.steps.more=1", "not a section"),
        ("tokenizer={kind: kmer, k: 3, stride: 1}", "overlap"),
        ("masking.soft_mask_weight=0.5 ", None),
    ],
)
def test_mistakes_are_named(path: Path, override: str, message: str | None) -> None:
    if message is None:
        assert read_recipe(path, (override,)).masking.soft_mask_weight == 0.5
        return
    with pytest.raises(InputError, match=message) as caught:
        read_recipe(path, (override,))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["- a\n- b\n", "a: [\n", ""])
def test_no_recipe(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(InputError, match="YAML"):
        read_recipe(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_recipe(tmp_path / "none.yaml")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda p: p.stem)
def test_shipped_recipes_are_valid(recipe: Path) -> None:
    assert read_recipe(recipe).about.licence != "not stated"
