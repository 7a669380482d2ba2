"""Runs begin with random weights or with those of any model that can be loaded, and leave frozen parts as they were."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from dna_mamba.checkpoints import convert, load_model, save_model, weights_sha256
from dna_mamba.errors import InputError
from dna_mamba.hf import from_native
from dna_mamba.models import ModelConfig, SequenceClassifier
from dna_mamba.training.loop.checkpoint import list_checkpoints
from dna_mamba.training.loop.log import read_log
from dna_mamba.training.pretrain import PretrainJob, Recipe, read_recipe
from dna_mamba.training.pretrain.start import starting_point
from tests.parity.published_files import published_config, random_tensors, write_published_directory
from tests.training.models import tiny_model


def continuing(recipe_path: Path, model: Path | str, *overrides: str) -> Recipe:
    return read_recipe(recipe_path, ("model={}", f"init={model}", *overrides))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    save_model(tiny_model("shared"), tmp_path / "old")
    return tmp_path / "old"


def test_random_weights_follow_from_the_seed(recipe_path: Path) -> None:
    one, same, other = (starting_point(read_recipe(recipe_path, (f"seed={seed}",))).model for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.encoder.embedding.weight, other.encoder.embedding.weight)


def test_any_format_is_continued(old: Path, recipe_path: Path, tmp_path: Path) -> None:
    convert(old, tmp_path / "published", "caduceus")
    from_native(load_model(old)).save_pretrained(tmp_path / "exported")
    expected = load_file(old / "model.safetensors")
    for directory in (old, tmp_path / "published", tmp_path / "exported"):
        start = starting_point(continuing(recipe_path, directory))
        assert start.model.training and start.model.config.trained_window_bp == 64
        assert start.model.config.reverse_complement == "shared"
        assert all(torch.equal(x, expected[name]) for name, x in start.model.state_dict().items())
        assert start.origin is not None and start.origin.sha256 == weights_sha256(directory)


@pytest.mark.parametrize("vocabulary", ["caduceus", "plantcaduceus"])
def test_published_models_train(vocabulary: str, recipe_path: Path, tmp_path: Path) -> None:
    config = published_config(vocabulary, d_model=16, n_layer=3)
    write_published_directory(tmp_path / "published", config, random_tensors(config, 0))
    recipe = continuing(recipe_path, tmp_path / "published", "schedule.steps=2")
    job = PretrainJob(recipe, tmp_path / "run")
    assert job.model.tokenizer.to_config()["vocabulary"] == vocabulary
    job.run()
    assert load_model(tmp_path / "run" / "model").config.complemented_input


def test_a_run_says_what_it_continues_and_whether_that_helped(old: Path, recipe_path: Path, tmp_path: Path) -> None:
    recipe = continuing(recipe_path, old, "schedule.steps=40", "optimiser.learning_rate=0.02")
    PretrainJob(recipe, tmp_path / "run").run()
    sha256 = weights_sha256(old)
    begun, *rows = read_log(tmp_path / "run" / "log.jsonl")
    assert (begun["init"], begun["init_sha256"], begun["init_bp"]) == (str(old), sha256, None)
    losses = [row["bits_per_base"] for row in rows if row["event"] == "evaluate" and row["split"] == "validation"]
    first = next(row for row in rows if row["event"] == "evaluate")
    assert first["step"] == 0 and losses[-1] < losses[0] - 0.01
    card = (tmp_path / "run" / "model" / "CARD.md").read_text()
    assert f"continued from {old}" in card and sha256 in card
    assert sha256 in (tmp_path / "run" / "recipe.yaml").read_text()


def test_frozen_parts_stay_and_get_no_moments(old: Path, recipe_path: Path, tmp_path: Path) -> None:
    recipe = continuing(recipe_path, old, "freeze=[embedding, layers.0]", "optimiser.learning_rate=0.02")
    PretrainJob(recipe, tmp_path / "run").run()
    before, after = (load_file(path / "model.safetensors") for path in (old, tmp_path / "run" / "model"))
    moments = load_file(list_checkpoints(tmp_path / "run" / "checkpoints")[0] / "optimiser.safetensors")
    for name, tensor in after.items():
        frozen = name.startswith(("encoder.embedding.", "encoder.layers.0."))
        assert torch.equal(tensor, before[name]) == frozen, name
        assert (f"exp_avg/{name}" in moments) == (not frozen), name
    assert "stayed as they were" in (tmp_path / "run" / "model" / "CARD.md").read_text()


def test_a_continued_run_resumes_bit_equal(old: Path, recipe_path: Path, tmp_path: Path) -> None:
    recipe = continuing(recipe_path, old, "freeze=embedding")
    PretrainJob(recipe, tmp_path / "whole").run()
    PretrainJob(recipe, tmp_path / "again").run()
    for path in (tmp_path / "again" / "checkpoints" / "step-000000012", tmp_path / "again" / "model"):
        path.rename(path.with_name("aside"))
    PretrainJob(recipe, tmp_path / "again").run(resume=True)
    one, other = (tmp_path / name / "model" / "model.safetensors" for name in ("whole", "again"))
    assert one.read_bytes() == other.read_bytes()


def test_other_weights_are_another_run(old: Path, recipe_path: Path, tmp_path: Path) -> None:
    PretrainJob(continuing(recipe_path, old), tmp_path / "run").run()
    written = read_recipe(tmp_path / "run" / "recipe.yaml")
    torch.manual_seed(9)
    model = tiny_model("shared")
    with torch.no_grad():
        model.encoder.embedding.weight.add_(1)
    save_model(model, old, force=True)
    with pytest.raises(InputError, match="another recipe"):
        PretrainJob(continuing(recipe_path, old), tmp_path / "run").run(resume=True)
    with pytest.raises(InputError, match="init_sha256 says"):
        PretrainJob(written, tmp_path / "run")


def test_a_classifier_is_not_continued(recipe_path: Path, tmp_path: Path) -> None:
    tokenizer = {"kind": "nucleotide", "vocabulary": "caduceus"}
    config = ModelConfig(d_model=16, n_layer=1, num_labels=2, tokenizer=tokenizer)
    save_model(SequenceClassifier(config), tmp_path / "m")
    with pytest.raises(InputError, match="is a classifier"):
        starting_point(continuing(recipe_path, tmp_path / "m"))


@pytest.mark.parametrize("key", ["freeze=embedding", f"init_sha256={'1' * 64}"])
def test_without_a_model_there_is_nothing_to_keep(key: str, recipe_path: Path) -> None:
    with pytest.raises(InputError, match="without init"):
        read_recipe(recipe_path, (key,))
