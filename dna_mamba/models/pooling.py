"""Hidden states of many positions to one vector, exactly, from parts that come one after the other.

Pads, which lie on the right, take no part: a sequence's vector is the one it has alone. One part that is the whole is
a case like any other, and gradients flow through all of them.
"""

from typing import Literal, Protocol, get_args

import torch
from torch import Tensor

from dna_mamba.models.mixer import at_least_float32
from dna_mamba.models.streaming import Part

Pooling = Literal["mean", "max", "attention", "center"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)


class SequencePooler(Protocol):
    """Takes the parts of a batch from left to right, then tells what they come to."""

    def add(self, part: Part, hidden_BLC: Tensor) -> None:
        """Take hidden states (B, l, C) of a part; pads hold zeros."""

    def pooled(self) -> Tensor:
        """(B, C), in float32 at least."""


def pooler_of(pooling: Pooling, lengths_B: Tensor, query_C: Tensor | None = None) -> SequencePooler:
    """A pooler for one batch of sequences of ``lengths_B`` positions, int64 (B,); ``query_C`` is attention's."""
    if pooling == "attention":
        assert query_C is not None
        return AttentionPooler(lengths_B, query_C)
    poolers: dict[str, type[MeanPooler | MaxPooler | CenterPooler]] = {
        "mean": MeanPooler,
        "max": MaxPooler,
        "center": CenterPooler,
    }
    return poolers[pooling](lengths_B)


class MeanPooler:
    """The mean over positions; sums of parts are added in float64 where the device has it."""

    def __init__(self, lengths_B: Tensor) -> None:
        self._lengths_B = lengths_B
        self._total_BC: Tensor | None = None
        self._dtype = torch.float32

    def add(self, part: Part, hidden_BLC: Tensor) -> None:
        sum_BC = at_least_float32(hidden_BLC).sum(1)
        self._dtype = sum_BC.dtype
        self._total_BC = _plus(self._total_BC, _wide(sum_BC))

    def pooled(self) -> Tensor:
        assert self._total_BC is not None
        return (self._total_BC / self._lengths_B.to(self._total_BC.device)[:, None]).to(self._dtype)


class MaxPooler:
    """The maximum over positions, each channel on its own."""

    def __init__(self, lengths_B: Tensor) -> None:
        self._lengths_B = lengths_B
        self._best_BC: Tensor | None = None

    def add(self, part: Part, hidden_BLC: Tensor) -> None:
        seen_BLC = at_least_float32(hidden_BLC).masked_fill(_pads(part, self._lengths_B, hidden_BLC), -torch.inf)
        best_BC = seen_BLC.amax(1)
        self._best_BC = best_BC if self._best_BC is None else torch.maximum(self._best_BC, best_BC)

    def pooled(self) -> Tensor:
        assert self._best_BC is not None
        return self._best_BC


class CenterPooler:
    """Of 7 positions the one at offset 3, of 8 the mean of those at 3 and 4: the same places on both strands."""

    def __init__(self, lengths_B: Tensor) -> None:
        self._middles = ((lengths_B - 1) // 2, lengths_B // 2)
        self._total_BC: Tensor | None = None

    def add(self, part: Part, hidden_BLC: Tensor) -> None:
        rows = torch.arange(len(hidden_BLC), device=hidden_BLC.device)
        for middle_B in (middle_B.to(hidden_BLC.device) for middle_B in self._middles):
            offset_B = (middle_B - part.start).clamp(0, part.end - part.start - 1)
            is_here_B1 = ((part.start <= middle_B) & (middle_B < part.end))[:, None]
            value_BC = at_least_float32(hidden_BLC[rows, offset_B]) / 2
            self._total_BC = _plus(self._total_BC, torch.where(is_here_B1, value_BC, torch.zeros_like(value_BC)))

    def pooled(self) -> Tensor:
        assert self._total_BC is not None
        return self._total_BC


class AttentionPooler:
    """The mean over positions weighted by softmax(q . h / sqrt(C)), with one learned query q.

    Attention of one query over positions: Lin et al. 2017 ("A structured self-attentive sentence embedding"), there
    with several; scaled as in Vaswani et al. 2017. Parts are joined as in Milakov & Gimelshein 2018 ("Online
    normalizer calculation for softmax"): sums are kept relative to the largest product so far.
    """

    def __init__(self, lengths_B: Tensor, query_C: Tensor) -> None:
        self._lengths_B = lengths_B
        self._query_C = query_C / query_C.shape[0] ** 0.5
        self._top_B1: Tensor | None = None
        self._weight_B1: Tensor | None = None
        self._total_BC: Tensor | None = None
        self._dtype = torch.float32

    def add(self, part: Part, hidden_BLC: Tensor) -> None:
        hidden_BLC = at_least_float32(hidden_BLC)
        self._dtype = hidden_BLC.dtype
        product_BL = (hidden_BLC * self._query_C.to(hidden_BLC.dtype)).sum(-1)
        product_BL = product_BL.masked_fill(_pads(part, self._lengths_B, hidden_BLC)[..., 0], -torch.inf)
        top_B1 = product_BL.detach().amax(1, keepdim=True)
        if self._top_B1 is not None:
            top_B1 = torch.maximum(top_B1, self._top_B1)
        top_B1 = top_B1.clamp(min=torch.finfo(top_B1.dtype).min)  # of a part that is nothing but pads
        weights_BL = (product_BL - top_B1).exp()
        if self._weight_B1 is not None and self._total_BC is not None and self._top_B1 is not None:
            shrink_B1 = _wide((self._top_B1 - top_B1).exp())
            self._weight_B1, self._total_BC = self._weight_B1 * shrink_B1, self._total_BC * shrink_B1
        self._top_B1 = top_B1
        self._weight_B1 = _plus(self._weight_B1, _wide(weights_BL.sum(1, keepdim=True)))
        self._total_BC = _plus(self._total_BC, _wide((weights_BL[..., None] * hidden_BLC).sum(1)))

    def pooled(self) -> Tensor:
        assert self._total_BC is not None and self._weight_B1 is not None
        return (self._total_BC / self._weight_B1).to(self._dtype)


def _plus(total: Tensor | None, more: Tensor) -> Tensor:
    return more if total is None else total + more


def _wide(x: Tensor) -> Tensor:
    """In float64, which Apple's GPUs do not have."""
    return x if x.device.type == "mps" else x.double()


def _pads(part: Part, lengths_B: Tensor, like: Tensor) -> Tensor:
    """Bool (B, l, 1), True at positions of a part past each sequence's end."""
    positions_L = torch.arange(part.start, part.end, device=like.device)
    return (positions_L >= lengths_B.to(like.device)[:, None])[..., None]
