"""The loss against sums written down in float64, and what evaluation leaves as it was."""

import math

import numpy as np
import pytest
import torch

from dna_mamba.data.batches import Batch, Row, stack_rows
from dna_mamba.data.held_out import HeldOutPlan, held_out_rows
from dna_mamba.tokenizers import KmerTokenizer
from dna_mamba.training.pretrain.loss import MaskedObjective, bases_per_token, held_out_loss, masked_loss
from dna_mamba.training.pretrain.shares import BatchShare
from tests.training.models import tiny_model

CODES = np.random.default_rng(0).integers(0, 5, 300).astype(np.uint8)
PLAN = HeldOutPlan(window_bp=60, margin_bp=10, mask_every=8, phases=8)


def rows(**changes: object) -> list[Row]:
    return list(held_out_rows([CODES], PLAN, tiny_model(**changes).tokenizer))


def test_weights_count_in_the_sum_and_are_summed() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 5, 7, generator=generator)
    targets = torch.randint(7, (2, 5), generator=generator)
    weights = torch.tensor([[0.0, 1.0, 0.25, 0.0, 1.0], [0.5, 0.0, 0.0, 0.25, 0.0]])
    total = weight = 0.0
    for b in range(2):
        for i in range(5):
            scores = logits[b, i].double().tolist()
            nats = math.log(sum(math.exp(score) for score in scores)) - scores[targets[b, i]]
            total += float(weights[b, i]) * nats
            weight += float(weights[b, i])
    assert masked_loss(logits, targets, weights).item() == pytest.approx(total, rel=1e-6)
    objective = MaskedObjective(tiny_model(), torch.float32)
    batch = Batch(targets, targets, weights, None, ())
    assert objective.weight(BatchShare(batch, None)).item() == pytest.approx(weight)
    assert objective.tokens(BatchShare(batch, None)) == 10
    assert objective.tokens(BatchShare(batch._replace(lengths=torch.tensor([5, 2])), None)) == 7


def test_no_weight_is_no_loss_and_no_gradient() -> None:
    logits = torch.randn(1, 3, 4, requires_grad=True)
    loss = masked_loss(logits, torch.zeros(1, 3, dtype=torch.int64), torch.zeros(1, 3))
    loss.backward()
    assert loss.item() == 0 and logits.grad is not None and logits.grad.abs().sum() == 0


def test_the_objective_is_the_loss_of_the_model_on_the_batch() -> None:
    model = tiny_model()
    batch = stack_rows([*rows()[:3], Row(*(part[:40] for part in rows()[4]))], pad_id=model.tokenizer.pad_id)
    assert batch.lengths is not None
    expected = masked_loss(model(batch.inputs, batch.lengths).logits, batch.targets, batch.weights)
    share = BatchShare(batch, None)
    assert MaskedObjective(model, torch.float32)(share).item() == expected.item()
    rough = MaskedObjective(model, torch.bfloat16)(share).item()
    assert rough != expected.item() and rough == pytest.approx(expected.item(), rel=0.02)


def by_hand(model: torch.nn.Module, asked: list[Row], answers: np.ndarray) -> tuple[float, int]:
    """Mean nats over all asked tokens, probabilities over ``answers`` alone, row by row in float64."""
    nats: list[float] = []
    with torch.no_grad():
        for row in asked:
            logits = model(torch.from_numpy(row.inputs)[None]).logits[0].double().numpy()
            for i in np.flatnonzero(row.weights):
                scores = logits[i][answers]
                nats.append(math.log(np.exp(scores).sum()) - logits[i][row.targets[i]])
    return sum(nats) / len(nats), len(nats)


@pytest.mark.parametrize("mode", ["post-hoc", "shared", "augment"])
def test_answers_are_bases_and_both_strands_are_joined(mode: str) -> None:
    model = tiny_model(mode)
    loss = held_out_loss(model, rows(mode=mode), batch_rows=3)
    model.eval()
    joined = model if mode != "augment" else _Both(model)
    mean, n = by_hand(joined, rows(mode=mode), model.tokenizer.maskable_ids)
    assert loss.n_tokens == loss.n_bases == n == int((CODES < 4).sum())
    assert loss.loss_nats == pytest.approx(mean, rel=1e-5)
    assert loss.bits_per_base == pytest.approx(mean / math.log(2), rel=1e-5)
    everything, _ = by_hand(joined, rows(mode=mode), np.arange(model.tokenizer.vocab_size))
    assert everything - mean > 0.05  # answers that are not bases would cost


class _Both(torch.nn.Module):
    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor) -> object:
        return self.model.both_strands(ids)


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_restored_and_the_weights_left(training: bool) -> None:
    model = tiny_model().train(training)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    held_out_loss(model, rows())
    assert model.training is training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_words_are_counted_by_their_bases() -> None:
    tokenizer = KmerTokenizer(3, 3)
    assert bases_per_token(tokenizer)[tokenizer.maskable_ids].tolist() == [3] * 64
    assert bases_per_token(tokenizer).sum() == 3 * 64
    model = tiny_model("augment", tokenizer=tokenizer.to_config())
    loss = held_out_loss(model, held_out_rows([np.arange(60, dtype=np.uint8) % 4], PLAN, tokenizer))
    assert loss.n_bases == 3 * loss.n_tokens > 0
    assert loss.bits_per_base == pytest.approx(loss.loss_nats / 3 / math.log(2))


def test_nothing_asked_is_no_number() -> None:
    loss = held_out_loss(tiny_model(), [])
    assert math.isnan(loss.loss_nats) and math.isnan(loss.bits_per_base) and loss.n_bases == 0
