"""The sum of steps and its gradient against autograd's own."""

import pytest
import torch
from torch.nn import functional as F

from dna_mamba.models.context.steps import total_steps


@pytest.mark.parametrize("length", [0, 1, 17])
def test_sums_and_their_gradients(length: int) -> None:
    generator = torch.Generator().manual_seed(1)
    delta = (5 * torch.randn(2, length, 3, dtype=torch.float64, generator=generator)).requires_grad_()
    bias = torch.randn(3, dtype=torch.float64, generator=generator).requires_grad_()
    weights = torch.randn(2, 3, dtype=torch.float64, generator=generator)
    got, wanted = total_steps(delta, bias), F.softplus(delta + bias).sum(1)
    torch.testing.assert_close(got, wanted)
    ours = torch.autograd.grad((got * weights).sum(), (delta, bias))
    torch.testing.assert_close(ours, torch.autograd.grad((wanted * weights).sum(), (delta, bias)))


def test_bfloat16_is_summed_in_float32() -> None:
    """256 of it and one more are 256 in bfloat16."""
    delta = torch.full((1, 1000, 1), 1.0, dtype=torch.bfloat16, requires_grad=True)
    total = total_steps(delta, torch.zeros(1))
    assert total.dtype == torch.float32
    torch.testing.assert_close(total, 1000 * F.softplus(torch.ones(1, 1)))
    total.sum().backward()
    assert delta.grad is not None and delta.grad.dtype == torch.bfloat16
