"""What training a head makes small: sums that add up over the parts of a batch, unlabelled places left out."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from dna_mamba.models.heads.config import HeadConfig

UNLABELLED = -100
"""The class of a sequence or a base whose class is not known; an unknown label, value or count is NaN."""


class LossSum(NamedTuple):
    """A sum of losses with its graph, and the sum of the weights they count with; both scalars, float32 at least.

    The loss of a batch is the quotient of the sums over its parts, however it is cut.
    """

    total: Tensor
    weight: Tensor

    @property
    def mean(self) -> Tensor:
        """A scalar; 0 where nothing is labelled."""
        return self.total / self.weight.clamp(min=torch.finfo(self.weight.dtype).tiny)


def head_loss(
    config: HeadConfig,
    logits: Tensor,
    targets: Tensor,
    *,
    class_weights: Tensor | None = None,
    huber_delta: float | None = None,
) -> LossSum:
    """The loss of logits as a head with this configuration gives them.

    - classes: cross-entropy in nats, each place weighted by its class; targets int64 (B,) or (B, L).
    - labels: binary cross-entropy in nats, a positive one weighted by its label; targets (B, K) of 0 and 1.
    - values: squared errors of standardised values, targets in units of the data, (B, K) or (B, bins, K); with
      ``huber_delta`` that of Huber (1964), which grows no faster than ``huber_delta`` times the error.
    - counts: negative log-likelihood of Poisson in nats, but for terms of the counts alone; targets as for values.

    Args:
        config: of the head.
        logits: (..., K).
        targets: ``UNLABELLED`` or NaN where there is none.
        class_weights: (K,), of classes or labels; None is 1 for all.
        huber_delta: in standard deviations; for values alone.

    Raises:
        ValueError: targets of another shape, or an argument that this kind of head does not take.
    """
    expected = logits.shape[:-1] if config.kind == "classes" else logits.shape
    if targets.shape != expected:
        raise ValueError(f"targets {tuple(targets.shape)} for logits {tuple(logits.shape)}")
    if class_weights is not None and config.kind not in ("classes", "labels"):
        raise ValueError(f"class_weights for a head of {config.kind}")
    if huber_delta is not None and config.kind != "values":
        raise ValueError(f"huber_delta for a head of {config.kind}")
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if config.kind == "classes":
        return _of_classes(logits, targets, class_weights)
    known = torch.isfinite(targets)
    targets = torch.where(known, targets, torch.zeros_like(targets)).to(logits.dtype)
    if config.kind == "labels":
        losses = F.binary_cross_entropy_with_logits(logits, targets, pos_weight=class_weights, reduction="none")
    elif config.kind == "counts":
        losses = _poisson(config, logits, targets)
    else:
        losses = _of_values(config, logits, targets, huber_delta)
    return LossSum(losses.masked_fill(~known, 0).sum(), known.sum().to(logits.dtype))


def standardised(config: HeadConfig, values: Tensor) -> Tensor:
    """Values (..., K) in units of the data as a head's logits stand for them: ``(value - mean) / scale``."""
    if config.target_means is not None:
        values = values - values.new_tensor(config.target_means)
    return values if config.target_scales is None else values / values.new_tensor(config.target_scales)


def _of_classes(logits: Tensor, targets: Tensor, class_weights: Tensor | None) -> LossSum:
    known = targets != UNLABELLED
    chosen = targets[known]
    losses = F.cross_entropy(logits[known], chosen, reduction="none")
    weights = torch.ones_like(losses) if class_weights is None else class_weights.to(losses)[chosen]
    return LossSum((losses * weights).sum(), weights.sum())


def _of_values(config: HeadConfig, logits: Tensor, targets: Tensor, huber_delta: float | None) -> Tensor:
    wanted = standardised(config, targets)
    if huber_delta is None:
        return (logits - wanted).square()
    return F.huber_loss(logits, wanted, delta=huber_delta, reduction="none")


def _poisson(config: HeadConfig, logits: Tensor, targets: Tensor) -> Tensor:
    """``rate - count * ln(rate)`` in units of the scale, rate = softplus(logit); its log without underflow."""
    rate = F.softplus(logits)
    log_rate = torch.where(logits < -20, logits, rate.clamp(min=torch.finfo(rate.dtype).tiny).log())
    return rate - standardised(config, targets) * log_rate
