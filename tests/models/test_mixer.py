"""One layer's mixer against two Mambas written out, its state at cuts, and pads that leave no trace."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from dna_mamba.models import ModelConfig, mixer
from dna_mamba.models.mixer import BidirectionalMixer, DirectionalScan, DirectionState
from dna_mamba_kernels import selective_scan
from tests.parity.published_function import mamba

TOKENIZER = {"kind": "nucleotide", "vocabulary": "caduceus"}
EXACT = {"rtol": 1e-9, "atol": 1e-9}


def random_mixer(dtype: torch.dtype = torch.float64, **fields: Any) -> BidirectionalMixer:
    """Six channels, every parameter of a size at which it matters, biases far from zero."""
    torch.manual_seed(11)
    found = BidirectionalMixer(ModelConfig(d_model=6, n_layer=2, d_state=3, tokenizer=TOKENIZER, **fields))
    with torch.no_grad():
        for parameter in found.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return found.to(dtype).eval()


def one_direction(found: BidirectionalMixer, direction: DirectionalScan) -> dict[str, Tensor]:
    """The weights of a published mixer of one direction."""
    in_proj, out_proj = found.in_proj, found.out_proj
    if direction.reverse:
        in_proj, out_proj = found.in_proj_right or in_proj, found.out_proj_right or out_proj
    weights = {
        "in_proj.weight": in_proj.weight,
        "in_proj.bias": in_proj.bias,
        "conv1d.weight": direction.conv_weight[:, None],
        "conv1d.bias": direction.conv_bias,
        "x_proj.weight": direction.x_proj.weight,
        "dt_proj.weight": direction.dt_proj.weight,
        "dt_proj.bias": direction.dt_bias,
        "A_log": direction.A_log,
        "D": direction.D,
        "out_proj.weight": out_proj.weight,
        "out_proj.bias": out_proj.bias,
    }
    return {name: x for name, x in weights.items() if x is not None}


def two_mambas(found: BidirectionalMixer, h: Tensor) -> Tensor:
    """Each direction by itself, with its own projections and their biases, then combined."""
    left = mamba(one_direction(found, found.left_to_right), h)
    right = mamba(one_direction(found, found.right_to_left), h.flip(1)).flip(1)
    return left * right if found.multiplies else left + right


@pytest.mark.parametrize("with_gradients", [True, False])
@pytest.mark.parametrize("proj_bias", [False, True])
@pytest.mark.parametrize("conv_bias", [False, True])
@pytest.mark.parametrize("combine", ["add", "multiply"])
@pytest.mark.parametrize("tied", [True, False])
def test_both_directions_are_two_published_mixers(
    tied: bool, combine: str, conv_bias: bool, proj_bias: bool, with_gradients: bool
) -> None:
    found = random_mixer(tied=tied, combine=combine, conv_bias=conv_bias, proj_bias=proj_bias)
    h = torch.randn(2, 13, 6, dtype=torch.float64)
    with torch.set_grad_enabled(with_gradients):
        torch.testing.assert_close(found(h), two_mambas(found, h), **EXACT)


def test_the_bias_of_tied_projections_counts_for_each_direction() -> None:
    """The test above can fail: half of the bias is another function."""
    found = random_mixer(proj_bias=True)
    assert found.out_proj.bias is not None and float(found.out_proj.bias.detach().abs().max()) > 0.1


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cut", [1, 2, 3, 9, 12])
def test_parts_hand_over_their_state(cut: int, reverse: bool) -> None:
    found = random_mixer()
    scan, x = found.right_to_left if reverse else found.left_to_right, torch.randn(2, 13, 12, dtype=torch.float64)
    whole, after = scan(x)
    first, second = (x[:, cut:], x[:, :cut]) if reverse else (x[:, :cut], x[:, cut:])
    y_first, state = scan(first)
    y_second, end = scan(second, None, state)
    joined = torch.cat([y_second, y_first] if reverse else [y_first, y_second], dim=1)
    torch.testing.assert_close(joined, whole, **EXACT)
    for ours, expected in zip(end, after, strict=True):
        torch.testing.assert_close(ours, expected, **EXACT)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_what_lies_in_pads_does_not_change_a_bit(dtype: torch.dtype) -> None:
    found = random_mixer(dtype, proj_bias=True)
    h = torch.randn(2, 9, 6).to(dtype)
    pads = (torch.arange(9) >= torch.tensor([[9], [4]]))[..., None]
    other = torch.where(pads, torch.full_like(h, 50.0), h)
    for grad in (True, False):
        with torch.set_grad_enabled(grad):
            one, two = found(h, pads), found(other, pads)
        assert torch.equal(one[0], two[0]) and torch.equal(one[1, :4], two[1, :4])


@pytest.mark.parametrize("reverse", [False, True])
def test_a_pad_leaves_the_state_as_it_is(reverse: bool) -> None:
    """Whatever ``dt_bias`` is, a pad's step is exactly zero: the state of the scan is handed on to the bit."""
    found = random_mixer(torch.float32)
    scan = found.right_to_left if reverse else found.left_to_right
    start = DirectionState(torch.zeros(1, 3, 12), torch.randn(1, 12, 3))
    _, after = scan(torch.zeros(1, 5, 12), torch.ones(1, 5, 1, dtype=torch.bool), start)
    assert torch.equal(after.scan_BIN, start.scan_BIN)
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        assert float(F.softplus(torch.tensor(mixer._PAD_DELTA, dtype=dtype) + 20)) == 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_decays_are_computed_in_float32(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """exp(A_log) of low-precision weights is not rounded again."""
    found = random_mixer(dtype)
    seen: list[Tensor] = []

    def spy(u: Tensor, delta: Tensor, A: Tensor, *rest: Tensor, **how: Any) -> tuple[Tensor, Tensor]:
        seen.append(A)
        return selective_scan(u, delta, A, *rest, **how)

    monkeypatch.setattr("dna_mamba.models.mixer.selective_scan", spy)
    with torch.no_grad():
        y = found(torch.randn(1, 4, 6).to(dtype))
    assert y.dtype == dtype and {A.dtype for A in seen} == {torch.float32}
    assert torch.equal(seen[0], -found.right_to_left.A_log.float().exp())
