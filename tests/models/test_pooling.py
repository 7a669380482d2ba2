"""Poolings over parts against the whole, gradients and digits; the other poolings' values in ``inference``."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.models.pooling import POOLINGS, Pooling, pooler_of
from dna_mamba.models.streaming import Part


def pooled(pooling: Pooling, x: torch.Tensor, lengths: list[int], ends: list[int]) -> torch.Tensor:
    pooler = pooler_of(pooling, torch.tensor(lengths), torch.linspace(-2, 3, x.shape[-1], dtype=x.dtype))
    for start, end in pairwise([0, *ends]):
        pooler.add(Part(start, end), x[:, start:end])
    return pooler.pooled()


@pytest.mark.parametrize("pooling", POOLINGS)
@given(data=st.data())
def test_values_and_gradients_do_not_depend_on_parts(pooling: Pooling, data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, 12), min_size=1, max_size=3))
    longest = max(lengths)
    generator = torch.Generator().manual_seed(sum(lengths))
    x = torch.randn(len(lengths), longest, 3, dtype=torch.float64, generator=generator)
    is_base = (torch.arange(longest) < torch.tensor(lengths)[:, None])[..., None]
    inner = data.draw(st.sets(st.integers(1, longest - 1))) if longest > 1 else set()
    answers = []
    for ends in ([longest], [*sorted(inner), longest]):
        leaf = x.clone().requires_grad_()
        value = pooled(pooling, leaf * is_base, lengths, ends)
        (gradient,) = torch.autograd.grad(value.sin().sum(), leaf)
        answers.append((value.detach(), gradient))
    for whole, parts in zip(*answers, strict=True):
        torch.testing.assert_close(whole, parts)


def test_attention_by_hand() -> None:
    x = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [9.0, 9.0]]])
    pooler = pooler_of("attention", torch.tensor([2]), torch.tensor([2**0.5, 0.0]))
    pooler.add(Part(0, 3), x)
    share = 1 / (1 + torch.tensor(-1.0).exp())
    torch.testing.assert_close(pooler.pooled(), torch.tensor([[share, 1 - share]]))


def test_large_products_do_not_overflow() -> None:
    x = torch.tensor([[[300.0], [-300.0], [310.0]]])
    pooler = pooler_of("attention", torch.tensor([3]), torch.tensor([1e3]))
    for start in range(3):
        pooler.add(Part(start, start + 1), x[:, start : start + 1])
    assert pooler.pooled().item() == 310
