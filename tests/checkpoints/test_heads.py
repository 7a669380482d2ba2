"""Models with heads on disk: round trip, what is wrong with them, and who takes them."""

import json
from pathlib import Path

import pytest
import torch

from dna_mamba.checkpoints import convert, load_model, save_model, weights_sha256
from dna_mamba.checkpoints.manifest import write_manifest
from dna_mamba.checkpoints.native import read_head
from dna_mamba.errors import InputError
from dna_mamba.hf import from_native
from dna_mamba.inference.open import as_model, as_task_model, fingerprint
from dna_mamba.models import ModelConfig, SequenceClassifier, TaskModel
from tests.models.heads.worlds import ALONG, POOLED, bases, task_model
from tests.worlds import small_model

VARIANT = {"task": "variant", "variant_of": "regression", "outputs": ("effect",), "antisymmetric": True, "hidden": 3}


@pytest.mark.parametrize("fields", [*POOLED, *ALONG, VARIANT], ids=str)
def test_a_head_comes_back_to_the_bit(fields: dict[str, object], tmp_path: Path) -> None:
    model, ids, lengths = task_model(fields, "post-hoc"), bases(2, 33), torch.tensor([33, 20])
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert isinstance(loaded, TaskModel) and not loaded.training
    assert loaded.head_config == model.head_config == read_head(tmp_path / "model") and loaded.config == model.config
    with torch.no_grad():
        if fields is VARIANT:
            assert torch.equal(loaded.forward_pair(ids, bases(2, 33, seed=1)).logits,
                               model.forward_pair(ids, bases(2, 33, seed=1)).logits)  # fmt: skip
        else:
            assert torch.equal(loaded(ids, lengths).logits, model(ids, lengths).logits)
    assert weights_sha256(tmp_path / "model") == fingerprint(model)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"outputs": ["no"]}, "config.json: head: .*two classes"),
        ({"outputs": ["no", "yes", "perhaps"]}, r"'head.final.bias' has shape \(2,\)"),
        ({"hidden": 4}, "missing tensor 'head.hidden.bias'"),
        ({"pooling": "attention"}, "missing tensor 'query'"),
        ({"pooling": "median"}, "config.json: pooling"),
        ({"colour": "red"}, "config.json: colour"),
    ],
)
def test_damage_is_named(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    save_model(task_model(POOLED[0]), tmp_path / "model")
    content = json.loads((tmp_path / "model" / "config.json").read_text())
    content["head"] |= changes
    (tmp_path / "model" / "config.json").write_text(json.dumps(content))
    write_manifest(tmp_path / "model")
    with pytest.raises(InputError, match=message) as caught:
        load_model(tmp_path / "model")
    assert "\n" not in str(caught.value)


def test_language_models_and_heads_are_told_apart(tmp_path: Path) -> None:
    save_model(task_model(POOLED[0]), tmp_path / "head")
    save_model(small_model(), tmp_path / "language")
    assert read_head(tmp_path / "language") is None
    refusal = r"head: is a model with a head for classification \(no, yes\), not a language model; give"
    with pytest.raises(InputError, match=refusal):
        as_model(tmp_path / "head")
    with pytest.raises(InputError, match="language: is a language model, not a model with a head"):
        as_task_model(tmp_path / "language")
    assert as_task_model(tmp_path / "head").head_config.outputs == ("no", "yes")
    opened = task_model(POOLED[0])
    assert as_task_model(opened) is opened
    with pytest.raises(InputError, match="not a language model"):
        as_model(opened)  # type: ignore[arg-type]


def test_other_formats_have_no_place_for_a_head(tmp_path: Path) -> None:
    save_model(task_model(POOLED[0]), tmp_path / "head")
    with pytest.raises(InputError, match="no published format"):
        convert(tmp_path / "head", tmp_path / "out", "caduceus")
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="no class in Transformers"):
        from_native(task_model(POOLED[0]))


@pytest.mark.parametrize("n_labels", [1, 2, 3])
@pytest.mark.parametrize("mode", ["none", "shared", "post-hoc"])
def test_a_published_classifier_is_a_head_with_mean_pooling(mode: str, n_labels: int, tmp_path: Path) -> None:
    config = ModelConfig(**{**small_model(mode).config.model_dump(), "num_labels": n_labels})  # type: ignore[arg-type]
    torch.manual_seed(5)
    classifier, ids, lengths = SequenceClassifier(config).eval(), bases(3, 25), torch.tensor([25, 9, 1])
    save_model(classifier, tmp_path / "model")
    model = as_task_model(tmp_path / "model")
    assert model.head_config.task == ("regression" if n_labels == 1 else "classification")
    with torch.no_grad():
        torch.testing.assert_close(model(ids, lengths).logits, classifier(ids, lengths).logits, rtol=1e-5, atol=1e-6)
    save_model(model, tmp_path / "head")
    assert isinstance(load_model(tmp_path / "head"), TaskModel)
