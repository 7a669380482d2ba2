"""Losses against sums written out, whatever is not labelled, and however a batch is cut."""

import math

import pytest
import torch

from dna_mamba.models import HeadConfig
from dna_mamba.models.heads import UNLABELLED, head_loss
from tests.models.heads.worlds import ALONG, POOLED, bases, task_model

NAN = math.nan
CHOICE, LABELS, VALUES, COUNTS = (
    HeadConfig.model_validate(fields) for fields in (POOLED[1], POOLED[2], POOLED[3], ALONG[3])
)


def test_classes_weighted_and_unlabelled_by_hand() -> None:
    logits = torch.tensor([[1.0, 0.0, -1.0], [0.0, 2.0, 0.0], [5.0, 5.0, 5.0], [0.0, 0.0, 0.0]])
    targets, weights = torch.tensor([0, 2, UNLABELLED, 1]), torch.tensor([1.0, 10.0, 3.0])
    first = math.log(math.e + 1 + 1 / math.e) - 1
    second = math.log(2 + math.e**2)
    found = head_loss(CHOICE, logits, targets, class_weights=weights)
    assert float(found.total) == pytest.approx(first + 3 * second + 10 * math.log(3), rel=1e-6)
    assert float(found.weight) == 14 and float(found.mean) == pytest.approx(float(found.total) / 14)
    assert float(head_loss(CHOICE, logits, targets).weight) == 3


def test_labels_by_hand() -> None:
    found = head_loss(
        LABELS, torch.tensor([[0.0, 2.0], [1.0, 3.0]]), torch.tensor([[1.0, 0.0], [NAN, 1.0]]),
        class_weights=torch.tensor([4.0, 2.0]),
    )  # fmt: skip
    expected = 4 * math.log(2) + math.log(1 + math.e**2) + 2 * math.log(1 + math.e**-3)
    assert float(found.total) == pytest.approx(expected, rel=1e-6) and float(found.weight) == 3


def test_values_count_in_standard_deviations() -> None:
    """Means 3 and -1, scales 2 and 0.5: the targets are 1, 0 and 4 standard deviations from the mean."""
    logits, targets = torch.zeros(2, 2), torch.tensor([[5.0, -1.0], [NAN, 1.0]])
    squared = head_loss(VALUES, logits, targets)
    assert float(squared.total) == pytest.approx(1 + 0 + 16) and float(squared.weight) == 3
    huber = head_loss(VALUES, logits, targets, huber_delta=2.0)
    assert float(huber.total) == pytest.approx(0.5 + 0 + 2 * (4 - 1))


@pytest.mark.parametrize("logit", [-40.0, -3.0, 0.0, 60.0])
@pytest.mark.parametrize("count", [0.0, 21.0])
def test_counts_are_those_of_poisson(logit: float, count: float) -> None:
    """In units of the scale, 7, and up to what the count alone decides."""
    place, target = torch.tensor([[[logit]]], dtype=torch.float64, requires_grad=True), torch.tensor([[[count]]])
    loss = head_loss(COUNTS, place, target)
    rate = math.log1p(math.exp(logit)) if logit < 30 else logit
    assert loss.total.item() == pytest.approx(rate - count / 7 * math.log(rate), rel=1e-9)
    loss.total.backward()
    slope = 1 / (1 + math.exp(-logit))
    assert float(place.grad) == pytest.approx(slope - count / 7 * slope / rate, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("fields", [*POOLED, *ALONG], ids=str)
def test_the_parts_of_a_batch_add_up(fields: dict[str, object]) -> None:
    model, ids = task_model(fields), bases(4, 24)
    logits, config = model(ids).logits.detach(), model.head_config
    generator = torch.Generator().manual_seed(1)
    if config.kind == "classes":
        targets = torch.randint(0, len(config.outputs), logits.shape[:-1], generator=generator)
        targets.view(-1)[1] = UNLABELLED
    else:
        targets = torch.randint(0, 2, logits.shape, generator=generator).float()
        targets.view(-1)[1] = NAN
    whole = head_loss(config, logits, targets)
    parts = [head_loss(config, logits[i : i + 1], targets[i : i + 1]) for i in range(4)]
    torch.testing.assert_close(sum(part.total for part in parts), whole.total)
    assert sum(float(part.weight) for part in parts) == float(whole.weight) == targets.numel() - 1


def test_nothing_labelled_is_no_loss_and_no_gradient() -> None:
    logits = torch.zeros(2, 3, requires_grad=True)
    loss = head_loss(CHOICE, logits, torch.full((2,), UNLABELLED))
    loss.mean.backward()
    assert loss.mean.item() == 0 and not logits.grad.any()


@pytest.mark.parametrize("fields", [POOLED[1], POOLED[3], ALONG[0], ALONG[3]], ids=str)
def test_small_heads_learn(fields: dict[str, object]) -> None:
    """Twenty steps on eight sequences: each kind of loss falls by a third at least."""
    model, ids = task_model(fields).train(), bases(8, 12)
    config, shape = model.head_config, model(ids).logits.shape
    generator = torch.Generator().manual_seed(2)
    targets = (
        torch.randint(0, shape[-1], shape[:-1], generator=generator)
        if config.kind == "classes" else torch.randint(0, 9, shape, generator=generator).float()
    )  # fmt: skip
    optimiser, losses = torch.optim.Adam(model.parameters(), lr=0.03), []
    for _ in range(20):
        optimiser.zero_grad()
        loss = head_loss(config, model(ids).logits, targets).mean
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    floor = float(torch.special.entr(targets / 7).add(targets / 7).mean()) if config.kind == "counts" else 0.0
    assert losses[-1] - floor < (losses[0] - floor) * 2 / 3


@pytest.mark.parametrize(
    ("config", "shape", "options", "message"),
    [
        (CHOICE, (2, 3), {}, "targets"),
        (VALUES, (2,), {}, "targets"),
        (VALUES, (2, 2), {"class_weights": torch.ones(2)}, "class_weights"),
        (LABELS, (2, 2), {"huber_delta": 1.0}, "huber_delta"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    config: HeadConfig, shape: tuple[int, ...], options: dict[str, object], message: str
) -> None:
    logits = torch.zeros(2, len(config.outputs))
    with pytest.raises(ValueError, match=message):
        head_loss(config, logits, torch.zeros(shape), **options)
