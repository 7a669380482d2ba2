"""The residual stack against its layers in turn; dtypes; pads at the exact edge."""

from typing import Any

import pytest
import torch
from torch import nn

from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.encoder import Layer, RMSNorm, make_norm, padding
from tests.models.test_model import TOLERANCE, random_ids, small_model


@pytest.mark.parametrize("fields", [{}, {"norm": "layer"}, {"residual_in_fp32": True}])
def test_layers_are_added_to_the_residual_in_turn(fields: dict[str, Any]) -> None:
    encoder, ids = small_model("none", **fields).encoder, random_ids(2, 15)
    residual = encoder.embedding(ids)
    for layer in encoder.layers:
        residual = residual + layer.mixer(layer.norm(residual))
    torch.testing.assert_close(encoder(ids), encoder.norm(residual), **TOLERANCE)


def test_norms_are_those_of_the_configuration() -> None:
    for name, eps in (("rms", 1e-3), ("layer", 1e-2)):
        config = small_model("none", norm=name, norm_eps=eps).config
        norm, x = make_norm(config), torch.randn(1, 5, 16)
        assert isinstance(norm, RMSNorm if name == "rms" else nn.LayerNorm)
        with torch.no_grad():
            norm.weight.uniform_(0.5, 2)
        centred = x if name == "rms" else x - x.mean(-1, keepdim=True)
        expected = centred / (centred.square().mean(-1, keepdim=True) + eps).sqrt() * norm.weight
        torch.testing.assert_close(norm(x), expected, **TOLERANCE)


def low_precision(dtype: torch.dtype, **fields: Any) -> MaskedLanguageModel:
    return small_model("shared", **fields).to(dtype)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("in_fp32", [False, True])
def test_the_residual_has_its_own_dtype(dtype: torch.dtype, in_fp32: bool) -> None:
    model, ids = low_precision(dtype, residual_in_fp32=in_fp32), random_ids(1, 20)
    with torch.no_grad():
        residual = model.encoder.residual(ids)
        output = model(ids)
    assert residual.dtype == (torch.float32 if in_fp32 else dtype)
    assert model.encoder.embed(ids).dtype == residual.dtype
    assert output.hidden.dtype == dtype and output.logits.dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_is_near(dtype: torch.dtype) -> None:
    """A few roundings of the weights' dtype away from float32; streamed logits have the same dtype."""
    ids = random_ids(1, 40)
    with torch.no_grad():
        expected = small_model("shared")(ids).logits
        logits = low_precision(dtype)(ids).logits
        streamed = torch.cat([output.logits for _, output in low_precision(dtype).stream(ids)], dim=1)
    spread = float(expected.std())
    assert 0 < float((logits - expected).abs().max()) < 50 * torch.finfo(dtype).eps * spread
    assert streamed.dtype == torch.float32
    torch.testing.assert_close(streamed, logits, rtol=0, atol=50 * torch.finfo(dtype).eps * spread)


def test_pads_are_the_positions_past_each_end() -> None:
    pads = padding(torch.zeros(3, 5, dtype=torch.int64), torch.tensor([5, 3, 1]))
    assert pads is not None and pads[..., 0].tolist() == [[False] * n + [True] * (5 - n) for n in (5, 3, 1)]
    assert padding(torch.zeros(3, 5, dtype=torch.int64), None) is None


@pytest.mark.parametrize("mode", ["none", "post-hoc", "shared"])
@pytest.mark.parametrize("with_gradients", [True, False])
def test_what_stands_in_pads_does_not_change_a_bit(mode: Any, with_gradients: bool) -> None:
    """To the last position of each sequence; hidden states at pads are zeros."""
    model, ids, lengths = small_model(mode), random_ids(3, 12), torch.tensor([12, 11, 1])
    pads = torch.arange(12) >= lengths[:, None]
    with torch.set_grad_enabled(with_gradients):
        first = model(torch.where(pads, 4, ids), lengths)
        second = model(torch.where(pads, random_ids(3, 12, seed=9), ids), lengths)
    assert torch.equal(first.logits[~pads], second.logits[~pads])
    assert torch.equal(first.hidden, second.hidden) and not first.hidden[pads].any()
    assert first.hidden[~pads].abs().amax(-1).min() > 0


def test_the_mixer_reads_the_stream_rounded_once() -> None:
    """Neither before its norm nor twice: of a large mean, bfloat16 keeps none of what differs between channels."""
    layer = Layer(small_model("none").config)
    stream = 1000 + torch.randn(1, 9, layer.norm.normalized_shape[0])
    expected = layer.normed(stream).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        under_autocast = layer.normed(stream)
    assert torch.equal(under_autocast, expected)
    assert torch.equal(layer.bfloat16().normed(stream), expected)
