"""Models on disk: round trip, integrity, and one line for whatever is wrong with them."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from dna_mamba.checkpoints import load_model, packaged_models, resolve, save_model, weights_sha256
from dna_mamba.checkpoints.manifest import file_sha256, write_manifest
from dna_mamba.errors import InputError
from dna_mamba.models import MaskedLanguageModel, ModelConfig

TOKENIZER = {"kind": "nucleotide", "vocabulary": "caduceus"}


@pytest.fixture
def model() -> MaskedLanguageModel:
    torch.manual_seed(1)
    return MaskedLanguageModel(ModelConfig(d_model=16, n_layer=2, d_state=4, tokenizer=TOKENIZER)).eval()


@pytest.fixture
def saved(model: MaskedLanguageModel, tmp_path: Path) -> Path:
    save_model(model, tmp_path / "model", card="# A card\n")
    return tmp_path / "model"


def test_round_trip_is_bit_equal(model: MaskedLanguageModel, saved: Path) -> None:
    loaded, ids = load_model(saved), torch.randint(7, 12, (2, 33))
    assert loaded.config == model.config and not loaded.training
    for ours, theirs in zip(model(ids), loaded(ids), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    assert (saved / "CARD.md").read_text() == "# A card\n"
    assert weights_sha256(saved) == file_sha256(saved / "model.safetensors")


@pytest.mark.parametrize("window_bp", [None, 4096])
def test_the_window_of_training_is_kept(model: MaskedLanguageModel, tmp_path: Path, window_bp: int | None) -> None:
    model.config = model.config.model_copy(update={"trained_window_bp": window_bp})
    save_model(model, tmp_path / "model")
    assert load_model(tmp_path / "model").config.trained_window_bp == window_bp


def test_models_written_before_the_window_was_noted_load(saved: Path) -> None:
    content = json.loads((saved / "config.json").read_text())
    del content["model"]["trained_window_bp"]
    (saved / "config.json").write_text(json.dumps(content))
    write_manifest(saved)
    assert load_model(saved).config.trained_window_bp is None


def test_a_window_of_training_that_is_not_one_is_named(saved: Path) -> None:
    edit_config(saved, trained_window_bp=0)
    with pytest.raises(InputError, match="trained_window_bp"):
        load_model(saved)


def test_the_packaged_model_says_its_window() -> None:
    assert load_model("yeast-tiny").config.trained_window_bp == 512


def test_other_dtypes(saved: Path) -> None:
    assert load_model(saved, dtype=torch.float64).encoder.embedding.weight.dtype == torch.float64


def test_existing_output_needs_force(model: MaskedLanguageModel, saved: Path) -> None:
    with pytest.raises(InputError):
        save_model(model, saved)
    save_model(model, saved, force=True)
    assert sorted(p.name for p in saved.parent.iterdir()) == ["model"]


def spoil_bytes(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def edit_config(path: Path, **changes: object) -> None:
    content = json.loads((path / "config.json").read_text())
    content["model"] |= changes
    (path / "config.json").write_text(json.dumps(content))
    write_manifest(path)


def edit_weights(path: Path, **changes: torch.Tensor | None) -> None:
    tensors = {**load_file(path / "model.safetensors"), **changes}
    save_file({k: v for k, v in tensors.items() if v is not None}, path / "model.safetensors")
    write_manifest(path)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: spoil_bytes(d / "model.safetensors"), "SHA-256"),
        (lambda d: spoil_bytes(d / "config.json"), "SHA-256"),
        (lambda d: (d / "model.safetensors").write_bytes(b""), "manifest says"),
        (lambda d: (d / "model.safetensors").unlink(), "missing"),
        (lambda d: (d / "manifest.json").unlink(), "not found"),
        (lambda d: (d / "manifest.json").write_text('{"files": {"../x": {}}}'), "not a file beside it"),
        (lambda d: (d / "manifest.json").write_text("[1]"), "not a JSON object"),
        (lambda d: edit_config(d, d_model=32), "shape"),
        (lambda d: edit_config(d, dropout=0.1), "dropout"),
        (lambda d: edit_config(d, d_state="many"), "d_state"),
        (lambda d: edit_config(d, tokenizer={"kind": "protein"}), "protein"),
        (lambda d: edit_weights(d, surplus=torch.ones(2)), "surplus tensor 'surplus'"),
        (lambda d: edit_weights(d, **{"encoder.norm.weight": None}), "missing tensor 'encoder.norm.weight'"),
    ],
)
def test_damage_is_named(saved: Path, spoil: object, message: str) -> None:
    spoil(saved)  # type: ignore[operator]
    with pytest.raises(InputError, match=message) as caught:
        load_model(saved)
    assert "\n" not in str(caught.value)


def test_truncated_weights_with_a_matching_manifest(saved: Path) -> None:
    weights = saved / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-5])
    write_manifest(saved)
    with pytest.raises(InputError, match="safetensors"):
        load_model(saved)


def test_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(InputError, match="packaged name"):
        resolve("no-such-model")


def test_packaged_models_are_whole() -> None:
    for name, packaged in packaged_models().items():
        model = load_model(name)
        assert packaged.n_parameters == model.n_parameters
        assert packaged.sha256 == weights_sha256(name)
        assert packaged.config["d_model"] == model.config.d_model
        assert packaged.card.startswith(f"# {name}")
