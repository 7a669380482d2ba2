"""In which precision a model runs: what is taken where, which weights are rounded, and how near the answers stay."""

import pytest
import torch

from dna_mamba.errors import InputError
from dna_mamba.models import precision
from dna_mamba.models.precision import in_precision, precision_of, recorded_precision, resolve_precision, to_dtype
from tests.models.test_model import random_ids, small_model

CPU, CUDA, MPS = (torch.device(name) for name in ("cpu", "cuda", "mps"))
IN_FLOAT32 = ("A_log", "D", "dt_bias", "conv_weight", "conv_bias")


@pytest.mark.parametrize(("fast", "taken"), [(True, "bfloat16"), (False, "float32")])
def test_auto_takes_what_the_processor_multiplies(monkeypatch, fast, taken):
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda: fast)
    assert resolve_precision("auto", CPU) == taken
    assert resolve_precision("bfloat16", CPU) == "bfloat16"  # as asked, however slow
    assert resolve_precision("auto", MPS) == "float32"


@pytest.mark.parametrize(("capability", "taken"), [((9, 0), "bfloat16"), ((8, 0), "bfloat16"), ((7, 5), "float32")])
def test_auto_on_cards(monkeypatch, capability, taken):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert resolve_precision("auto", CUDA) == taken
    assert resolve_precision("tf32", CUDA) == "tf32"
    assert resolve_precision("float32", CUDA) == "float32"


def test_what_there_is_not():
    with pytest.raises(InputError, match="--precision: tf32 is for CUDA GPUs, not for cpu; take float32 or bfloat16"):
        resolve_precision("tf32", CPU)
    with pytest.raises(InputError, match="no precision 'half'; choose one of float32, tf32, bfloat16, auto"):
        resolve_precision("half", CPU)


def test_matrices_are_rounded_and_what_decides_the_state_is_not():
    model = to_dtype(small_model("shared"), torch.bfloat16)
    exact = dict(small_model("shared").named_parameters())
    for name, parameter in model.named_parameters():
        is_kept = name.rpartition(".")[2] in IN_FLOAT32
        assert parameter.dtype == (torch.float32 if is_kept else torch.bfloat16), name
        assert torch.equal(parameter, exact[name].to(parameter.dtype))
    with torch.no_grad():
        assert model.encoder.residual(random_ids(1, 20)).dtype == torch.float32
    assert model.dtype == torch.bfloat16 and precision_of(model) == "bfloat16"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_wide_types_are_for_all_weights(dtype):
    model = to_dtype(small_model("none"), dtype)
    assert {parameter.dtype for parameter in model.parameters()} == {dtype}


def test_another_precision_is_a_copy():
    model = small_model("none")
    assert in_precision(model, "float32") is model
    rounded = in_precision(model, "bfloat16")
    assert rounded is not model and model.dtype == torch.float32 and rounded.dtype == torch.bfloat16
    assert in_precision(rounded, "bfloat16") is rounded
    assert in_precision(rounded, "float32").dtype == torch.float32


def test_float32_is_not_recorded():
    assert recorded_precision(small_model("none")) == {}
    assert recorded_precision(in_precision(small_model("none"), "bfloat16")) == {"precision": "bfloat16"}
    assert recorded_precision(small_model("none").to(torch.float64)) == {"precision": "float64"}


@pytest.mark.parametrize("mode", ["none", "post-hoc", "shared"])
@pytest.mark.parametrize("fields", [{}, {"norm": "layer"}, {"tied": False}, {"combine": "multiply"}], ids=str)
def test_answers_are_near_and_not_the_same(mode, fields):
    """Nearer than with all weights rounded and a rounded residual, by the mean over many positions."""
    ids = random_ids(4, 60)
    with torch.no_grad():
        exact = small_model(mode, **fields)(ids).logits
        mixed = in_precision(small_model(mode, **fields), "bfloat16")(ids).logits
        spread = float(exact.std())
    error = float((mixed - exact).abs().mean())
    assert mixed.dtype == torch.float32
    assert 0 < error < 4 * torch.finfo(torch.bfloat16).eps * spread


def test_padding_is_exact_in_bfloat16():
    model, ids, lengths = in_precision(small_model("shared"), "bfloat16"), random_ids(3, 24), torch.tensor([24, 9, 1])
    with torch.no_grad():
        together = model(ids, lengths).logits
        for row, length in enumerate(lengths.tolist()):
            alone = model(ids[row : row + 1, :length]).logits[0]
            torch.testing.assert_close(together[row, :length], alone, rtol=0, atol=0.05)
