"""What ``save_pretrained`` wrote, as a model for every command."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from dna_mamba.checkpoints import convert, load_model, weights_sha256
from dna_mamba.checkpoints.manifest import file_sha256
from dna_mamba.cli.main import cli
from dna_mamba.errors import InputError
from dna_mamba.hf import from_native
from dna_mamba.models import ModelConfig, SequenceClassifier
from tests.hf.conftest import native_model

IDS = torch.arange(60).reshape(3, 20) % 4 + 7


@pytest.mark.parametrize("fields", [{}, {"reverse_complement": "none", "tied": False, "trained_window_bp": 512}])
def test_a_language_model_is_the_same_model(fields: dict[str, object], tmp_path: Path) -> None:
    native = native_model(**fields)
    from_native(native).save_pretrained(tmp_path)
    loaded = load_model(tmp_path)
    assert loaded.config == native.config and not loaded.training
    assert torch.equal(loaded(IDS).logits, native(IDS).logits)
    assert weights_sha256(tmp_path) == file_sha256(tmp_path / "model.safetensors")


def test_a_model_in_several_files_is_the_same_model(tmp_path: Path) -> None:
    native = native_model()
    from_native(native).save_pretrained(tmp_path, max_shard_size="5KB")
    assert len(list(tmp_path.glob("model-*-of-*.safetensors"))) > 1
    loaded = load_model(tmp_path)
    assert loaded.config == native.config and torch.equal(loaded(IDS).logits, native(IDS).logits)


@pytest.mark.parametrize("n_labels", [1, 2, 5])
def test_a_classifier_keeps_its_labels(n_labels: int, tmp_path: Path) -> None:
    native = SequenceClassifier(ModelConfig(**{**native_model().config.model_dump(), "num_labels": n_labels})).eval()
    from_native(native).save_pretrained(tmp_path)
    loaded = load_model(tmp_path)
    assert isinstance(loaded, SequenceClassifier) and loaded.config == native.config
    assert torch.equal(loaded(IDS).logits, native(IDS).logits)


@pytest.mark.parametrize("to", ["native", "caduceus"])
def test_it_becomes_either_other_format(to, native, saved: Path, tmp_path: Path) -> None:
    convert(saved, tmp_path / to, to)
    torch.testing.assert_close(load_model(tmp_path / to)(IDS).logits, native(IDS).logits, rtol=0, atol=1e-5)
    with pytest.raises(InputError, match=f"in the {to} format already"):
        convert(tmp_path / to, tmp_path / "again", to)


def test_a_command_takes_it(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "in.fa").write_text(">s\nACGTTGCAACGT\n")
    words = ["embed", "-m", str(saved), str(tmp_path / "in.fa"), "-o", str(tmp_path / "out.tsv")]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.stderr
    assert weights_sha256(saved) in (tmp_path / "out.tsv").read_text()


def without_a_tensor(directory: Path) -> None:
    tensors = load_file(directory / "model.safetensors")
    del tensors["network.encoder.norm.weight"]
    save_file(tensors, directory / "model.safetensors")


def with_an_adapter(directory: Path) -> None:
    tensors = load_file(directory / "model.safetensors")
    save_file(tensors | {"base_model.lora_A": torch.ones(2)}, directory / "model.safetensors")


def said(**fields: object) -> Callable[[Path], None]:
    def change(directory: Path) -> None:
        path = directory / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | fields))

    return change


@pytest.mark.parametrize(
    ("damage", "hint"),
    [
        (without_a_tensor, "missing tensor 'encoder.norm.weight'"),
        (with_an_adapter, "surplus tensor 'base_model.lora_A'"),
        (said(n_layer=2), "surplus tensor"),
        (said(d_model="many"), "config.json: d_model: "),
        (said(architectures=["DnaMambaForSequenceClassification"]), "without scores"),
    ],
)
def test_damage_is_named(damage: Callable[[Path], None], hint: str, saved: Path) -> None:
    damage(saved)
    with pytest.raises(InputError) as caught:
        load_model(saved)
    assert hint in str(caught.value)
