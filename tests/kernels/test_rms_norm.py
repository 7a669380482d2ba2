"""Normalisation against float64, by torch's formula and by the kernel's."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba_kernels import rms_norm
from tests.kernels.cases import BACKENDS, NATIVE, distance


def exact(x, weight, eps):
    x = x.double()
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt() * weight.double()


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


@pytest.mark.parametrize("backend", NATIVE)
def test_takes_rows_apart_and_threads_do_not_change_a_bit(backend):
    wide, weight = torch.randn(2, 600, 90), torch.randn(40)
    part = wide[:, 3:590, 7:47]
    expected = rms_norm(part.contiguous(), weight, 1e-5, backend=backend)
    threads = torch.get_num_threads()
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            assert torch.equal(rms_norm(part, weight, 1e-5, backend=backend), expected)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_dtypes_are_torchs(dtype):
    x, weight = torch.randn(2, 5, 8, dtype=dtype), torch.randn(8, dtype=dtype)
    y = rms_norm(x, weight, 1e-5)
    assert y.dtype == dtype and distance(y, exact(x, weight, 1e-5)) < 4 * torch.finfo(dtype).eps


def test_gradients_flow_where_they_are_asked_for():
    x, weight = torch.randn(1, 4, 3, dtype=torch.float64), torch.randn(3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda a, w: rms_norm(a, w, 1e-5), (x.requires_grad_(), weight.requires_grad_()))
    for leaf in (torch.randn(1, 4, 3), torch.ones(3)):
        leaf.requires_grad_()
        other = torch.ones(3) if leaf.dim() == 3 else torch.randn(1, 4, 3)
        y = rms_norm(leaf, other, 1e-5) if leaf.dim() == 3 else rms_norm(other, leaf, 1e-5)
        assert y.requires_grad
