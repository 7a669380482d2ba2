"""One step against AdamW written down; a step that is not finite leaves everything as it was."""

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from dna_mamba.training.loop.step import train_step


class Loss:
    """A loss for ``train_step``; every batch has the weight it is given."""

    def __init__(self, loss: Callable[[Tensor], Tensor], weight: float = 1.0) -> None:
        self.loss, self.of_all = loss, weight

    def __call__(self, batch: Tensor) -> Tensor:
        return self.loss(batch)

    def weight(self, batch: Tensor) -> Tensor:
        return torch.tensor(self.of_all)

    def tokens(self, batch: Tensor) -> int:
        return batch.numel()


class Line(nn.Module):
    """Two weights whose gradient is the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -2.0]))


def step(model: Line, optimiser: torch.optim.Optimizer, gradient: list[float], clip_norm: float) -> tuple[float, ...]:
    def objective(batch: Tensor) -> Tensor:
        return (model.weight * batch).sum()

    return tuple(train_step(model, optimiser, Loss(objective), [torch.tensor(gradient)], clip_norm=clip_norm))


def adamw(optimiser_rate: float, model: Line) -> torch.optim.AdamW:
    return torch.optim.AdamW(model.parameters(), lr=optimiser_rate, betas=(0.9, 0.98), eps=1e-8, weight_decay=0)


def test_the_norm_is_reported_before_clipping_and_the_step_is_clipped() -> None:
    model = Line()
    sgd = torch.optim.SGD(model.parameters(), lr=1.0)
    loss, norm, finite, tokens, own = step(model, sgd, [3.0, 4.0], 1.0)
    assert (tokens, own) == (2, loss)
    assert [loss, norm] == pytest.approx([3 - 8, 5.0]) and finite
    assert model.weight.tolist() == pytest.approx([1 - 3 / 5, -2 - 4 / 5], abs=1e-5)


def test_a_gradient_below_the_clip_norm_is_left_alone() -> None:
    model = Line()
    step(model, torch.optim.SGD(model.parameters(), lr=1.0), [0.3, 0.4], 1.0)
    assert model.weight.tolist() == pytest.approx([0.7, -2.4], abs=1e-6)


def test_gradients_do_not_add_up_over_steps() -> None:
    model = Line()
    sgd = torch.optim.SGD(model.parameters(), lr=1.0)
    for _ in range(2):
        step(model, sgd, [0.1, 0.0], 1.0)
    assert model.weight.tolist() == pytest.approx([0.8, -2.0], abs=1e-6)


def test_two_steps_of_adamw_by_hand() -> None:
    model = Line()
    optimiser = adamw(0.1, model)
    weight, mean, square = 1.0, 0.0, 0.0
    for t, gradient in enumerate((0.5, -0.25), start=1):
        step(model, optimiser, [gradient, 0.0], 10.0)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.98 * square + 0.02 * gradient**2
        weight -= 0.1 * (mean / (1 - 0.9**t)) / (math.sqrt(square / (1 - 0.98**t)) + 1e-8)
        assert model.weight[0].item() == pytest.approx(weight, rel=1e-5)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_step_that_is_not_finite_leaves_weights_and_moments(bad: float) -> None:
    model = Line()
    optimiser = adamw(0.1, model)
    step(model, optimiser, [0.5, 0.5], 1.0)
    weights = model.weight.detach().clone()
    state = {key: value.clone() for key, value in optimiser.state[model.weight].items()}
    assert step(model, optimiser, [bad, 0.5], 1.0)[2] is False
    assert torch.equal(model.weight, weights)
    assert state.keys() == optimiser.state[model.weight].keys()
    assert all(torch.equal(value, optimiser.state[model.weight][key]) for key, value in state.items())


def test_a_finite_loss_with_an_infinite_gradient_is_not_taken() -> None:
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.zero_()
    optimiser = torch.optim.SGD(model.parameters(), lr=1.0)
    result = train_step(
        model, optimiser, Loss(lambda x: model(x).abs().sqrt().sum()), [torch.ones(1, 1)], clip_norm=1.0
    )
    assert result.loss_nats == 0 and not math.isfinite(result.gradient_norm) and not result.finite
    assert model.weight.item() == 0


class Mean(Loss):
    """Over rows."""

    def weight(self, batch: Tensor) -> Tensor:
        return torch.tensor(float(len(batch)))


def weighted_sum(model: Line, batch: Tensor) -> Tensor:
    return (batch * model.weight).sum()


def test_the_parts_of_a_batch_make_the_step_of_the_whole() -> None:
    """A weighted mean over all parts, whatever the weight of each, and one update."""
    rows = torch.tensor([[3.0, 1.0], [0.5, -2.0], [1.0, 4.0]])
    results, models = [], []
    for parts in ([rows], [rows[:1], rows[1:]], [rows[2:], rows[:0], rows[:2]]):
        model = Line()
        objective = Mean(partial(weighted_sum, model))
        results.append(train_step(model, torch.optim.SGD(model.parameters(), lr=1.0), objective, parts, clip_norm=9.0))
        models.append(model.weight.tolist())
    assert results[0].loss_nats == pytest.approx(((3 - 2) + (0.5 + 4) + (1 - 8)) / 3)
    assert models[0] == pytest.approx([1 - 4.5 / 3, -2 - 3 / 3])
    for result, weight in zip(results[1:], models[1:], strict=True):
        assert result == pytest.approx(results[0]) and weight == pytest.approx(models[0])


def test_a_batch_without_weight_is_no_loss() -> None:
    model = Line()
    optimiser = torch.optim.SGD(model.parameters(), lr=1.0)
    result = train_step(model, optimiser, Loss(lambda x: (model.weight * x).sum(), 0.0), [torch.zeros(2)], clip_norm=1)
    assert result.finite and result.loss_nats == 0 and model.weight.tolist() == [1.0, -2.0]
