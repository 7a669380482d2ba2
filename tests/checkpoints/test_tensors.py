"""Tensors into models: names, shapes and dtypes are checked before anything is copied; the file is let go."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from dna_mamba.checkpoints.tensors import assemble, load_weights, read_pickled, read_weights, skeleton
from dna_mamba.errors import InputError
from tests.worlds import small_model

NORM = "encoder.norm.weight"


def test_a_skeleton_takes_no_memory() -> None:
    config = small_model().config
    assert {p.device.type for p in skeleton(config).parameters()} == {"meta"}


def test_an_assembled_model_owns_its_weights() -> None:
    model = small_model()
    tensors = {name: x.clone() for name, x in model.state_dict().items()}
    assembled = assemble(model.config, tensors, "here")
    tensors[NORM].zero_()
    assert torch.equal(assembled.state_dict()[NORM], model.state_dict()[NORM])


def test_weights_of_another_floating_dtype_are_converted() -> None:
    model = small_model()
    halves = {name: x.bfloat16() for name, x in model.state_dict().items()}
    found = assemble(model.config, halves, "here").state_dict()
    assert all(x.dtype == torch.float32 and torch.equal(x, halves[name].float()) for name, x in found.items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({NORM: torch.ones(3)}, r"here: tensor 'encoder.norm.weight' has shape \(3,\), the config says \(16,\)"),
        ({NORM: torch.ones(16, dtype=torch.int64)}, r"tensor 'encoder.norm.weight' is of dtype torch.int64"),
        ({"more": torch.ones(1)}, r"surplus tensor 'more'"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_copied(change: dict[str, torch.Tensor], message: str) -> None:
    model = small_model()
    before = {name: x.clone() for name, x in model.state_dict().items()}
    tensors = {name: x + 1 for name, x in before.items()} | change
    with pytest.raises(InputError, match=message):
        load_weights(model, tensors, "here")
    assert all(torch.equal(x, before[name]) for name, x in model.state_dict().items())
    del tensors[NORM]
    with pytest.raises(InputError, match="missing tensor 'encoder"):
        assemble(model.config, {name: x for name, x in tensors.items() if name != "more"}, "here")


def test_files_give_what_was_written(tmp_path: Path) -> None:
    tensors = {"a": torch.randn(3, 4), "b": torch.arange(5)}
    save_file(tensors, tmp_path / "x.safetensors")
    torch.save(tensors, tmp_path / "x.bin")
    for found in (read_weights(tmp_path / "x.safetensors"), read_pickled(tmp_path / "x.bin")):
        assert found.keys() == tensors.keys() and all(torch.equal(found[name], x) for name, x in tensors.items())
