"""Weights are found by model or by run, and what they have read is counted along the line of runs."""

import shutil
from pathlib import Path

import pytest

from dna_mamba.checkpoints import save_model
from dna_mamba.errors import InputError
from dna_mamba.training.loop.checkpoint import list_checkpoints
from dna_mamba.training.pretrain import PretrainJob, read_recipe
from dna_mamba.training.pretrain.start.origin import find_weights, read_bp
from tests.training.models import tiny_model


@pytest.fixture
def run(recipe_path: Path, tmp_path: Path) -> Path:
    PretrainJob(read_recipe(recipe_path, ("schedule.steps=6", "genome.test=[]")), tmp_path / "run").run()
    return tmp_path / "run"


def test_a_run_gives_its_model_else_its_newest_checkpoint(run: Path) -> None:
    assert find_weights(str(run)) == run / "model"
    assert find_weights(str(run / "model")) == run / "model"
    shutil.rmtree(run / "model")
    newest = run / "checkpoints" / "step-000000006"
    assert find_weights(str(run)) == newest
    shutil.rmtree(newest)
    assert find_weights(str(run)).name == "step-000000004"
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(InputError, match="a run without a model or checkpoint yet"):
        find_weights(str(run))


def test_bases_read_are_those_of_the_run_and_of_its_origin(run: Path, recipe_path: Path, tmp_path: Path) -> None:
    assert read_bp(run / "model") == 6 * 4 * 64
    assert [read_bp(path) for path in list_checkpoints(run / "checkpoints")] == [6 * 256, 4 * 256]
    overrides = ("schedule.steps=3", f"init={run}", "model={}", "genome.test=[]")
    PretrainJob(read_recipe(recipe_path, overrides), tmp_path / "next").run()
    assert read_bp(tmp_path / "next" / "model") == 9 * 256


def test_other_models_say_nothing_of_what_they_read(tmp_path: Path) -> None:
    save_model(tiny_model(), tmp_path / "model")
    assert find_weights(str(tmp_path / "model")) == tmp_path / "model"
    assert read_bp(tmp_path / "model") is None
    assert find_weights("yeast-tiny").name == "yeast-tiny"
    with pytest.raises(InputError, match="no such model"):
        find_weights(str(tmp_path / "none"))
