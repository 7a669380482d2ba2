"""Products of float32 through either library: float64 to 1e-6, the same bits every time, and who is asked when."""

import copy

import pytest
import torch
from torch.nn import functional as F

from dna_mamba.models.mixer import Linear
from dna_mamba_kernels import linear, products
from dna_mamba_kernels.products import FEWEST_ROWS, LibraryChoice, Processor, choose_library, gigaflops
from tests.kernels.problems import distance

ONEDNN = pytest.param("onednn", marks=pytest.mark.skipif(not products.has_onednn(), reason="torch without oneDNN"))
LIBRARIES = ["torch", ONEDNN]
AMD = Processor("AuthenticAMD", has_avx512=True)


@pytest.fixture
def asked(monkeypatch):
    """The numbers of rows that oneDNN is asked for."""
    rows, onednn = [], products._onednn

    def remember(x, weight, bias):
        rows.append(x.numel() // x.shape[-1])
        return onednn(x, weight, bias)

    monkeypatch.setattr(products, "_onednn", remember)
    return rows


@pytest.fixture
def takes_onednn(monkeypatch):
    monkeypatch.setattr(products, "chosen_library", lambda: LibraryChoice("onednn", "for a test"))


def operands(shape, outputs, *, bias=True, dtype=torch.float32):
    """Leaves drawn in float64, so that both dtypes hold the same numbers as far as they can."""
    rng = torch.Generator().manual_seed(5)
    drawn = [torch.randn(*shape, generator=rng), torch.randn(outputs, shape[-1], generator=rng)]
    drawn += [torch.randn(outputs, generator=rng)] if bias else []
    return [x.to(dtype).requires_grad_() for x in drawn]


def with_gradients(tensors, **flags):
    y = linear(*tensors, **flags)
    dy = torch.randn(y.shape, generator=torch.Generator().manual_seed(6)).to(y)
    return [y.detach(), *torch.autograd.grad(y, tensors, dy)]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("shape", "outputs"),
    [((2, 300, 256), 512), ((700, 512), 48), ((3, 5, 101, 16), 512), ((1, 257, 1), 1), ((1, 4096, 33), 7)],
    ids=str,
)
@pytest.mark.parametrize("library", LIBRARIES)
def test_product_and_gradients_are_those_of_float64(library, shape, outputs, bias):
    exact = with_gradients(operands(shape, outputs, bias=bias, dtype=torch.float64))
    for a, b in zip(with_gradients(operands(shape, outputs, bias=bias), library=library), exact, strict=True):
        assert a.shape == b.shape and distance(a, b) < 2e-6  # oneDNN adds 512 of them in one chain
        assert float((a.double() - b).norm() / b.norm()) < 1e-6


@pytest.mark.parametrize("library", [ONEDNN])
def test_autocast_around_the_backward_changes_nothing(library):
    results = []
    for enabled in (False, True):
        tensors = operands((1, 300, 24), 10)
        y = linear(*tensors, library=library)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            results.append(torch.autograd.grad(y.sum(), tensors))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


@pytest.mark.parametrize("library", LIBRARIES)
def test_two_runs_are_equal_to_the_bit(library):
    first, second = (with_gradients(operands((2, 500, 256), 96), library=library) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("library", LIBRARIES)
def test_takes_slices_of_larger_tensors(library):
    wide, weight = torch.randn(2, 300, 90), torch.randn(80, 60)
    x, half, column = wide[:, 5:290, 7:37], weight.chunk(2)[1][:, ::2], torch.randn(40, 3)[:, 1]
    y = linear(x, half, column, library=library)
    assert distance(y, F.linear(x.double(), half.double(), column.double())) < 1e-6
    assert torch.equal(y, linear(x.contiguous(), half, column.contiguous(), library=library))
    dense = linear(x, half.contiguous(), column, library=library)  # whose bias oneDNN would misread
    assert distance(dense, y) < 1e-6


@pytest.mark.parametrize("library", LIBRARIES)
def test_gradients_of_some_operands_only(library):
    everything = with_gradients(operands((2, 200, 24), 10), library=library)
    for wanted in range(3):
        tensors = operands((2, 200, 24), 10)
        leaves = [x.requires_grad_(i == wanted) for i, x in enumerate(t.detach() for t in tensors)]
        y = linear(*leaves, library=library)
        y.backward(torch.randn(y.shape, generator=torch.Generator().manual_seed(6)))
        assert torch.equal(leaves[wanted].grad, everything[1 + wanted])
        assert all(x.grad is None for i, x in enumerate(leaves) if i != wanted)


@pytest.mark.parametrize("library", LIBRARIES)
def test_is_differentiated_twice(library):
    def penalty(dtype, **flags):
        x, weight = operands((1, 300, 6), 5, bias=False, dtype=dtype)
        (dx,) = torch.autograd.grad(linear(x, weight, **flags).sin().sum(), x, create_graph=True)
        return torch.autograd.grad(dx.square().sum(), (x, weight))

    for a, b in zip(penalty(torch.float32, library=library), penalty(torch.float64), strict=True):
        assert distance(a, b) < 2e-6


@pytest.mark.parametrize("library", LIBRARIES)
def test_without_gradients_and_within_inference_mode(library):
    x, weight, bias = operands((1, 400, 32), 20)
    expected = linear(x, weight, bias, library=library).detach()
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            y = linear(x, weight, bias, library=library)
        assert not y.requires_grad and torch.equal(y, expected)


@pytest.mark.skipif(not products.has_onednn(), reason="torch without oneDNN")
def test_what_goes_through_onednn(takes_onednn, asked):
    weight = torch.randn(8, 4)
    linear(torch.randn(1, FEWEST_ROWS - 1, 4), weight)
    linear(torch.randn(1, FEWEST_ROWS, 4).double(), weight.double())
    linear(torch.randn(1, FEWEST_ROWS, 4).bfloat16(), weight.bfloat16())
    linear(torch.randn(3, 0, 4), weight)
    with torch.autocast("cpu", torch.bfloat16):
        assert linear(torch.randn(1, FEWEST_ROWS, 4), weight).dtype == torch.bfloat16
    assert asked == []
    linear(torch.randn(1, FEWEST_ROWS, 4), weight)
    assert asked == [FEWEST_ROWS]


@pytest.mark.skipif(not products.has_onednn(), reason="torch without oneDNN")
def test_projections_of_a_model_and_their_gradients_go_through_it(takes_onednn, asked):
    layer = Linear(4, 6)
    x = torch.randn(1, 500, 4, requires_grad=True)
    layer(x).sum().backward()
    assert asked == [500, 500]
    expected = F.linear(x, layer.weight, layer.bias)
    assert distance(layer(x), expected) < 1e-6
    assert torch.equal(copy.deepcopy(layer)(x), layer(x))


@pytest.mark.parametrize(
    ("found", "mkl", "onednn", "library"),
    [
        (AMD, True, True, "onednn"),
        (AMD, True, False, "torch"),
        (AMD, False, True, "torch"),
        (AMD._replace(has_avx512=False), True, True, "torch"),
        (Processor("GenuineIntel", has_avx512=True), True, True, "torch"),
        (Processor("", has_avx512=False), True, True, "torch"),
    ],
)
def test_the_choice_follows_from_the_processor(found, mkl, onednn, library):
    choice = choose_library(found, mkl=mkl, onednn=onednn)
    assert choice.library == library and choice.reason


def test_a_torch_without_onednn_says_so(monkeypatch):
    monkeypatch.setattr(products, "has_onednn", lambda: False)
    x, weight = torch.randn(1, FEWEST_ROWS, 4), torch.randn(8, 4)
    with pytest.raises(ValueError, match=r"'onednn' is not in torch .*take 'torch'"):
        linear(x, weight, library="onednn")
    with pytest.raises(ValueError, match="'onednn' is not in torch"):
        gigaflops("onednn")
    with pytest.raises(ValueError, match=r"'mkl': choose from torch, onednn"):
        linear(x, weight, library="mkl")


@pytest.mark.parametrize("library", LIBRARIES)
def test_speed_is_what_the_clock_says(library, monkeypatch):
    ticks = iter(range(0, 100, 2))
    monkeypatch.setattr(products.time, "perf_counter", lambda: float(next(ticks)))
    assert gigaflops(library) == pytest.approx(sum(2 * r * i * o for r, i, o in products._MEASURED) / 2 / 1e9)
