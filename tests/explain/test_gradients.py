import numpy as np
import pytest
import torch

from dna_mamba.explain.gradients import Comparisons, GradientPath, mean_gradients


def cubic(tokens_BLV, lengths_B, outputs_B):
    """Interactions between positions, of degree 3."""
    x_BL = tokens_BLV[..., 0] - 2 * tokens_BLV[..., 1]
    return (x_BL * x_BL.roll(1, 1) * x_BL.roll(2, 1)).sum(1) + outputs_B * x_BL.sum(1)


def comparisons():
    inputs_BLV = torch.randn(3, 5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return Comparisons(inputs_BLV, torch.full_like(inputs_BLV, 0.5), None, torch.tensor([0, 1, 2]))


@pytest.mark.parametrize("rows", [1, 4, 100])
def test_two_steps_integrate_a_cubic_function_exactly(rows):
    ways = comparisons()
    gradients = mean_gradients(cubic, ways, GradientPath.integral(2), rows)
    sums = ((ways.inputs_BLV - ways.baselines_BLV) * gradients).sum((1, 2))
    ends = [cubic(tokens, None, ways.outputs_B) for tokens in (ways.inputs_BLV, ways.baselines_BLV)]
    torch.testing.assert_close(sums, ends[0] - ends[1])


def test_the_end_of_the_path_is_the_gradient_at_the_sequence():
    ways = comparisons()
    tokens = ways.inputs_BLV.clone().requires_grad_()
    (expected,) = torch.autograd.grad(cubic(tokens, None, ways.outputs_B).sum(), tokens)
    torch.testing.assert_close(mean_gradients(cubic, ways, GradientPath.end(), 2), expected)


def test_nodes_lie_between_the_ends_and_weigh_one():
    path = GradientPath.integral(7)
    assert len(path.nodes) == len(path.weights) == 7
    assert min(path.nodes) > 0 and max(path.nodes) < 1
    np.testing.assert_allclose(sum(path.weights), 1)
