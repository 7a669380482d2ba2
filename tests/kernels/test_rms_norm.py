"""Normalisation against float64 and torch's own, forward and backward, in every dtype that it reads and writes."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba_kernels import BackendUnavailableError, rms_norm
from tests.kernels.cases import BACKENDS, NATIVE, distance

pytestmark = pytest.mark.usefixtures("poisoned")
HALF = (torch.bfloat16, torch.float32)


def exact(x, weight, eps):
    x = x.double()
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt() * weight.double()


def with_gradients(x, weight, dy, call, **flags):
    leaves = [t.detach().clone().requires_grad_() for t in (x, weight)]
    y = call(*leaves, 1e-5, **flags)
    return [y.detach(), *torch.autograd.grad(y, leaves, dy.to(y.dtype))]


def operands(*shape, seed=3):
    rng = torch.Generator().manual_seed(seed)
    x, weight, dy = torch.randn(shape, generator=rng), torch.randn(shape[-1], generator=rng), torch.randn(shape)
    return x, weight, dy.bfloat16().float()


@pytest.mark.parametrize("backend", BACKENDS)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(0, 300), st.integers(1, 150)),
    eps=st.sampled_from([1e-6, 1e-5, 1.0]),
    scale=st.sampled_from([1e-4, 1.0, 1e6]),
    seed=st.integers(0, 2**31),
)
def test_is_the_formula(backend, shape, eps, scale, seed):
    rng = torch.Generator().manual_seed(seed)
    x, weight = torch.randn(shape, generator=rng) * scale, torch.randn(shape[-1], generator=rng)
    assert distance(rms_norm(x, weight, eps, backend=backend), exact(x, weight, eps)) < 1e-6


@pytest.mark.parametrize("shape", [(1, 1, 40), (2, 3, 7), (3, 300, 64), (1, 257, 130), (2, 0, 5)], ids=str)
@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_are_those_of_the_formula(backend, shape):
    x, weight, dy = operands(*shape)
    expected = with_gradients(x.double(), weight.double(), dy, exact)
    for a, b in zip(with_gradients(x, weight, dy, rms_norm, backend=backend), expected, strict=True):
        assert a.shape == b.shape and distance(a, b) < 1e-6


@pytest.mark.parametrize(("read", "written"), [*itertools.product(HALF, HALF)], ids=str)
@pytest.mark.parametrize("backend", NATIVE)
def test_bfloat16_is_float32_rounded_once(backend, read, written):
    """To the bit: read without loss, computed in float32, rounded when written."""
    x, weight, dy = operands(2, 300, 67)
    x = x.to(read)
    y, dx, dweight = with_gradients(x, weight, dy, rms_norm, dtype=written, backend=backend)
    wide = with_gradients(x.float(), weight, dy, rms_norm, backend=backend)
    assert (y.dtype, dx.dtype, dweight.dtype) == (written, read, torch.float32)
    for a, b in zip((y, dx, dweight), wide, strict=True):
        assert torch.equal(a, b.to(a.dtype))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_float32_stream_is_not_rounded_before_it_is_normalised(backend):
    """Rounded to bfloat16, a large mean would swallow what differs between channels."""
    x, weight = 1000 + torch.randn(1, 40, 24), torch.ones(24).bfloat16()
    y = rms_norm(x, weight, 1e-5, dtype=torch.bfloat16, backend=backend)
    assert y.dtype == torch.bfloat16
    assert distance(y, exact(x, weight, 1e-5)) <= torch.finfo(torch.bfloat16).eps / 2


@pytest.mark.parametrize("backend", NATIVE)
def test_takes_rows_apart_and_threads_do_not_change_a_bit(backend):
    wide, weight, dy = torch.randn(2, 600, 90), torch.randn(40), torch.randn(2, 587, 40)
    part = wide[:, 3:590, 7:47]
    expected = with_gradients(part.contiguous(), weight, dy, rms_norm, backend=backend)
    threads = torch.get_num_threads()
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            y = rms_norm(part, weight, 1e-5, backend=backend)
            assert torch.equal(y, expected[0])
            others = with_gradients(part, weight, dy, rms_norm, backend=backend)
            assert all(torch.equal(a, b) for a, b in zip(others, expected, strict=True))
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("backend", BACKENDS)
def test_takes_any_number_of_dimensions(backend):
    x, weight, dy = operands(2, 3, 5, 8)
    flat = with_gradients(x.view(1, 30, 8), weight, dy.view(1, 30, 8), rms_norm, backend=backend)
    for a, b in zip(with_gradients(x, weight, dy, rms_norm, backend=backend), flat, strict=True):
        assert distance(a.reshape(b.shape), b) < 1e-6
    assert rms_norm(x[0, 0, 0], weight, 1e-5, backend=backend).shape == (8,)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_other_dtypes(dtype):
    x, weight = torch.randn(2, 5, 8, dtype=dtype), torch.randn(8, dtype=dtype)
    y = rms_norm(x, weight, 1e-5)
    assert y.dtype == dtype and distance(y, exact(x, weight, 1e-5)) < 4 * torch.finfo(dtype).eps


def test_gradcheck():
    x, weight = torch.randn(1, 4, 3, dtype=torch.float64), torch.randn(3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda a, w: rms_norm(a, w, 1e-5), (x.requires_grad_(), weight.requires_grad_()))


@pytest.mark.parametrize("wanted", [0, 1])
@pytest.mark.parametrize("backend", BACKENDS)
def test_gradient_of_one_input_only(backend, wanted):
    x, weight, dy = operands(2, 20, 9)
    everything = with_gradients(x, weight, dy, rms_norm, backend=backend)
    leaves = [t.requires_grad_(i == wanted) for i, t in enumerate((x, weight))]
    rms_norm(*leaves, 1e-5, backend=backend).backward(dy)
    assert distance(leaves[wanted].grad, everything[1 + wanted]) < 1e-6
    assert leaves[1 - wanted].grad is None


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("backend", NATIVE)
def test_opcheck(backend, dtype):
    x, weight, dy = operands(2, 20, 9)
    leaves = x.requires_grad_(), weight.requires_grad_()
    torch.library.opcheck(torch.ops.dna_mamba.rms_norm.default, (*leaves, 1e-5, dtype, backend))
    arguments = (x.detach(), weight.detach(), 1e-5, backend, dy.to(dtype), [True, False])
    checks = ("test_schema", "test_faketensor")
    torch.library.opcheck(torch.ops.dna_mamba.rms_norm_backward.default, arguments, test_utils=checks)


def test_what_does_not_fit_is_named():
    x, weight = torch.zeros(1, 2, 3), torch.zeros(3)
    with pytest.raises(ValueError, match=r"weight is \(4,\), not \(3,\)"):
        rms_norm(x, torch.zeros(4), 1e-5)
    with pytest.raises(ValueError, match="floating point"):
        rms_norm(x.long(), weight, 1e-5)
    with pytest.raises(ValueError, match="floating point"):
        rms_norm(x, weight, 1e-5, dtype=torch.int8)
    with pytest.raises(ValueError, match="unknown backend 'fast'"):
        rms_norm(x, weight, 1e-5, backend="fast")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_a_backend_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    with pytest.raises(BackendUnavailableError, match="triton"):
        rms_norm(torch.zeros(1, 2, 3), torch.zeros(3), 1e-5, backend="triton")


@pytest.mark.parametrize("backend", NATIVE[:1])
def test_the_native_kernel_refuses_float64(backend):
    with pytest.raises(BackendUnavailableError, match="float64"):
        rms_norm(torch.zeros(1, 2, 3).double(), torch.zeros(3).double(), 1e-5, backend=backend)
