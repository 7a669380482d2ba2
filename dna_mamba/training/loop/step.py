"""One optimiser step: loss, gradients, the check that both are finite, the update."""

from typing import NamedTuple

import torch
from torch import nn

from dna_mamba.data.batches import Batch
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.training.pretrain.loss import masked_loss


class StepResult(NamedTuple):
    """``loss_nats`` and ``gradient_norm`` (before clipping) of a step; ``finite`` is False when it was not taken."""

    loss_nats: float
    gradient_norm: float
    finite: bool


def train_step(
    model: MaskedLanguageModel,
    optimiser: torch.optim.Optimizer,
    batch: Batch,
    *,
    clip_norm: float,
    precision: torch.dtype,
) -> StepResult:
    """Step on one batch; weights and moments stay as they are if the loss or the gradient is not finite."""
    device = model.encoder.embedding.weight.device
    inputs, targets, weights = (t.to(device) for t in (batch.inputs, batch.targets, batch.weights))
    lengths = None if batch.lengths is None else batch.lengths.to(device)
    optimiser.zero_grad(set_to_none=True)
    with torch.autocast(device.type, dtype=precision, enabled=precision != torch.float32):
        logits = model(inputs, lengths).logits
    loss = masked_loss(logits, targets, weights)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    finite = bool(torch.isfinite(loss) & torch.isfinite(norm))
    if finite:
        optimiser.step()
    return StepResult(loss.item(), norm.item(), finite)
