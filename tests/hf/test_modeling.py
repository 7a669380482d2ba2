"""The classes for Transformers: the same answers as our modules, saved and loaded, with losses and padding."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoModelForSequenceClassification

from dna_mamba.checkpoints import load_model, save_model
from dna_mamba.errors import InputError
from dna_mamba.hf import (
    DnaMambaConfig,
    DnaMambaForMaskedLM,
    DnaMambaForSequenceClassification,
    DnaMambaModel,
    from_native,
    to_native,
)
from dna_mamba.models import ModelConfig, SequenceClassifier
from tests.hf.conftest import native_model

IDS = torch.randint(7, 12, (3, 20), generator=torch.Generator().manual_seed(0))
LENGTHS = torch.tensor([20, 7, 13])
MASK = (torch.arange(20) < LENGTHS[:, None]).long()
CASES = [
    {},
    {"vocabulary": "plantcaduceus", "complemented_input": True},
    {"reverse_complement": "post-hoc", "norm": "layer", "proj_bias": True},
    {"reverse_complement": "none", "tied": False, "combine": "multiply"},
]


@pytest.mark.parametrize("fields", CASES)
def test_round_trip_gives_the_same_answers(fields: dict[str, object], tmp_path: Path) -> None:
    native, ids = native_model(**fields), IDS % 4 + 3
    from_native(native).save_pretrained(tmp_path)
    expected = native(ids, LENGTHS)
    loaded = AutoModelForMaskedLM.from_pretrained(tmp_path)
    assert isinstance(loaded, DnaMambaForMaskedLM) and not loaded.training
    assert loaded.config.native() == native.config
    assert torch.equal(loaded(ids, MASK).logits, expected.logits)
    base = AutoModel.from_pretrained(tmp_path)
    assert isinstance(base, DnaMambaModel)
    hidden = base(ids, attention_mask=MASK).last_hidden_state
    assert torch.equal(hidden, expected.hidden) and hidden.shape[2] == base.config.hidden_size


def test_modules_are_shared_and_come_back(native, model, tmp_path: Path) -> None:
    assert to_native(model) is native
    save_model(to_native(model), tmp_path / "native")
    assert torch.equal(load_model(tmp_path / "native")(IDS).logits, native(IDS).logits)
    with pytest.raises(InputError, match="is not a model of"):
        to_native(native)


def test_inference_is_the_one_of_our_models(native, model) -> None:
    with torch.no_grad():
        assert torch.equal(model(IDS).logits, native(IDS).logits)


def test_dtypes(saved: Path) -> None:
    model = AutoModelForMaskedLM.from_pretrained(saved, dtype=torch.float64)
    assert model.network.encoder.embedding.weight.dtype == torch.float64
    assert model(IDS).logits.dtype == torch.float64


def test_masked_loss_and_hidden_states(native, model) -> None:
    labels = torch.where(torch.rand(IDS.shape) < 0.3, IDS, -100)
    output = model(IDS, labels=labels, output_hidden_states=True)
    kept = labels != -100
    torch.testing.assert_close(output.loss, F.cross_entropy(native(IDS).logits[kept], IDS[kept]))
    assert len(output.hidden_states) == 1 and torch.equal(output.hidden_states[0], native(IDS).hidden)
    assert model(IDS).hidden_states is None
    loss, logits = model(IDS, labels=labels, return_dict=False)
    assert torch.equal(loss, output.loss) and torch.equal(logits, output.logits)


@pytest.mark.parametrize(
    ("n_labels", "labels", "loss"),
    [
        (1, torch.tensor([0.5, -1.0, 2.0]), lambda x, y: F.mse_loss(x[:, 0], y)),
        (3, torch.tensor([0, 2, 1]), F.cross_entropy),
        (2, torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]), F.binary_cross_entropy_with_logits),
    ],
)
def test_classification_losses(n_labels: int, labels: torch.Tensor, loss: object) -> None:
    torch.manual_seed(1)
    model = DnaMambaForSequenceClassification(DnaMambaConfig(d_model=16, n_layer=2, num_labels=n_labels))
    output = model(IDS, MASK, labels)
    assert output.logits.shape == (3, n_labels)
    torch.testing.assert_close(output.loss, loss(output.logits, labels))  # type: ignore[operator]
    assert torch.equal(output.logits, to_native(model)(IDS, LENGTHS).logits)


def test_a_classifier_starts_from_a_language_model(saved: Path, native, tmp_path: Path) -> None:
    classifier = AutoModelForSequenceClassification.from_pretrained(saved, num_labels=3)
    for name, x in native.state_dict().items():
        assert torch.equal(classifier.network.state_dict()[name], x)
    score = classifier.network.score.weight
    assert score.shape == (3, 16) and 0.05 < score.std() < 0.3
    classifier.save_pretrained(tmp_path / "classifier")
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path / "classifier")
    assert torch.equal(again(IDS).logits, classifier(IDS).logits)


def test_classifiers_of_ours() -> None:
    native = SequenceClassifier(ModelConfig(**{**native_model().config.model_dump(), "num_labels": 5}))
    adapted = from_native(native)
    assert adapted.config.num_labels == 5 and adapted.training and to_native(adapted) is native
    assert torch.equal(adapted(IDS).logits, native(IDS).logits)


@pytest.mark.parametrize("mask", [[0, 1, 1], [1, 0, 1], [0, 0, 0]])
def test_padding_elsewhere_is_refused(model, mask: list[int]) -> None:
    with pytest.raises(InputError, match="attention_mask"):
        model(IDS[:2, :3], torch.tensor([mask, [1, 1, 1]]))


@pytest.mark.parametrize("change", [None, torch.ones(3)])
def test_incomplete_weights_are_refused(saved: Path, change: torch.Tensor | None) -> None:
    tensors = {**load_file(saved / "model.safetensors"), "network.encoder.norm.weight": change}
    kept = {name: x for name, x in tensors.items() if x is not None}
    save_file(kept, saved / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises((InputError, RuntimeError), match=r"network\.encoder\.norm\.weight|mismatch"):
        AutoModelForMaskedLM.from_pretrained(saved)


def test_configurations(tmp_path: Path) -> None:
    config = DnaMambaConfig(d_model=32, n_layer=2, reverse_complement="none", num_labels=4)
    config.save_pretrained(tmp_path)
    loaded = AutoConfig.from_pretrained(tmp_path)
    assert isinstance(loaded, DnaMambaConfig) and loaded.native() == config.native()
    assert (loaded.hidden_size, loaded.num_hidden_layers, loaded.num_labels) == (32, 2, 4)
    assert loaded.native(4).num_labels == 4 and loaded.native().num_labels == 0
    with pytest.raises(InputError, match="d_state"):
        DnaMambaConfig(d_state=-1)


def test_recomputation_gives_the_same_gradients(model) -> None:
    gradients = []
    for enable in (False, True):
        model.train().zero_grad()
        model._set_gradient_checkpointing(enable)
        assert model.network.encoder.recompute is enable
        model(IDS, labels=IDS.flip(1)).loss.backward()
        gradients.append([p.grad.clone() for p in model.parameters()])
    for stored, recomputed in zip(*gradients, strict=True):
        torch.testing.assert_close(stored, recomputed, rtol=1e-5, atol=1e-6)


def test_what_is_not_offered(model) -> None:
    assert not model.can_generate() and model.get_output_embeddings() is None
    with pytest.raises(InputError, match="resized"):
        model.resize_token_embeddings(20)
    embedding = torch.nn.Embedding(16, 16)
    model.set_input_embeddings(embedding)
    assert model.get_input_embeddings() is model.network.encoder.embedding is embedding
