"""The masked-language-model loss and its evaluation on held-out sequence."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from dna_mamba.data.batches import Row, stack_rows
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.tokenizers import Tokenizer
from dna_mamba.training.distributed.tensors import whole_weights
from dna_mamba.training.distributed.world import ALONE, World
from dna_mamba.training.pretrain.shares import BatchShare

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class HeldOutLoss(NamedTuple):
    """Negative log-likelihood of masked held-out tokens: mean in nats a token, how many, and the bases they span."""

    loss_nats: float
    n_tokens: int
    n_bases: int

    @property
    def bits_per_base(self) -> float:
        """The same in bits a base."""
        return self.loss_nats * self.n_tokens / self.n_bases / math.log(2) if self.n_bases else math.nan


def masked_loss(logits_BLV: Tensor, targets_BL: Tensor, weights_BL: Tensor) -> Tensor:
    """Weighted sum of cross-entropies in nats over positions of non-zero weight, a scalar; 0 where there are none."""
    chosen_BL = weights_BL != 0
    losses_K = F.cross_entropy(logits_BLV[chosen_BL].float(), targets_BL[chosen_BL], reduction="none")
    weights_K = weights_BL[chosen_BL]
    return (losses_K * weights_K).sum()


@dataclass(frozen=True)
class MaskedObjective:
    """The loss of training batches under a model, matrix products in ``precision``; the objective of the loop.

    Its mean is over all that is asked for in the windows of a step, whichever process and pass they fall to.
    """

    model: MaskedLanguageModel
    precision: torch.dtype

    def __call__(self, batch: BatchShare) -> Tensor:
        """``masked_loss`` of a share of a batch, nats, a scalar with its graph."""
        (rows, part), device = batch, self.model.device
        inputs, targets, weights = (t.to(device) for t in (rows.inputs, rows.targets, rows.weights))
        lengths = None if rows.lengths is None else rows.lengths.to(device)
        with torch.autocast(device.type, dtype=self.precision, enabled=self.precision != torch.float32):
            logits = self.model(inputs, lengths, part).logits
        return masked_loss(logits, targets, weights)

    def weight(self, batch: BatchShare) -> Tensor:
        """The sum of the weights of a share, a float32 scalar."""
        weights_BL = batch.rows.weights.to(self.model.device)
        return weights_BL[weights_BL != 0].sum()

    def tokens(self, batch: BatchShare) -> int:
        """Tokens of a share, padding left out."""
        lengths = batch.rows.lengths
        return batch.rows.inputs.numel() if lengths is None else int(lengths.sum())


@torch.no_grad()
def held_out_loss(
    model: MaskedLanguageModel, rows: Iterable[Row], *, batch_rows: int = 8, world: World = ALONE
) -> HeldOutLoss:
    """Evaluate as scoring does: both strands joined where tokens allow, probabilities over ``maskable_ids``.

    The model is left in the mode, training or not, that it was in. The loss is NaN where no token is asked for. Each
    process of ``world`` has the same rows, asks for its share of them, and gets the loss over all.
    """
    with whole_weights(model):
        mine = _sums(model, islice(rows, world.rank, None, world.size), batch_rows)
    total, n_tokens, n_bases = (sum(part) for part in zip(*world.gather(mine, unhurried=True), strict=True))
    return HeldOutLoss(total / n_tokens if n_tokens else math.nan, int(n_tokens), int(n_bases))


def _sums(model: MaskedLanguageModel, rows: Iterable[Row], batch_rows: int) -> tuple[float, int, int]:
    """Nats over the tokens asked for, their number, and the bases they span."""
    device = model.device
    asked_V = _asked_ids(model.tokenizer).to(device)
    bases_V = bases_per_token(model.tokenizer).to(device)
    run = model.forward if model.complement_V is None else model.both_strands
    was_training = model.training
    model.eval()
    total, n_tokens, n_bases = 0.0, 0, 0
    for batch in _batched(rows, batch_rows):
        stacked = stack_rows(batch, pad_id=model.tokenizer.pad_id)
        chosen, targets = stacked.weights.to(device) != 0, stacked.targets.to(device)
        lengths = None if stacked.lengths is None else stacked.lengths.to(device)
        logits_KV = run(stacked.inputs.to(device), lengths).logits[chosen].double()
        logits_KV = logits_KV.masked_fill(~asked_V, -math.inf)
        total += float(F.cross_entropy(logits_KV, targets[chosen], reduction="sum"))
        n_tokens += int(chosen.sum())
        n_bases += int(bases_V[targets[chosen]].sum())
    model.train(was_training)
    return total, n_tokens, n_bases


def _asked_ids(tokenizer: Tokenizer) -> Tensor:
    """Bool (V,), True at the ids that can be the answer."""
    asked_V = torch.zeros(tokenizer.vocab_size, dtype=torch.bool)
    asked_V[torch.from_numpy(tokenizer.maskable_ids)] = True
    return asked_V


def bases_per_token(tokenizer: Tokenizer) -> Tensor:
    """int64 (V,): how many bases each maskable token spans, 0 for the others."""
    bases_V = torch.zeros(tokenizer.vocab_size, dtype=torch.int64)
    for token in tokenizer.maskable_ids:
        bases_V[token] = len(tokenizer.decode(token[None]))
    return bases_V


def _batched(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch
