"""The layers of a head: one or two products, in float32 at least whatever the encoder runs in."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dna_mamba.models.heads.config import HeadConfig
from dna_mamba_kernels import linear

_FINAL_STD = 0.02


class Dense(nn.Module):
    """``x @ weight.T + bias``, in float32 at least, under autocast too. Not an ``nn.Linear``, which narrow types take.

    Logits rounded to 8 bits would tell neighbouring predictions no longer apart, and heads are small.
    """

    def __init__(self, n_inputs: int, n_outputs: int, *, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_outputs, n_inputs))
        self.bias = nn.Parameter(torch.zeros(n_outputs)) if bias else None
        nn.init.uniform_(self.weight, -1 / math.sqrt(n_inputs), 1 / math.sqrt(n_inputs))

    def forward(self, x: Tensor) -> Tensor:
        """(..., n_inputs) to (..., n_outputs)."""
        wide = torch.promote_types(x.dtype, self.weight.dtype)
        with torch.autocast(x.device.type, enabled=False):
            return linear(x.to(wide), self.weight.to(wide), None if self.bias is None else self.bias.to(wide))


class HeadLayers(nn.Module):
    """Features (..., F) to logits (..., K): a product, or two with a hidden layer between them.

    Of an antisymmetric head an odd function: no bias, and tanh where others have GELU.
    """

    def __init__(self, config: HeadConfig, n_features: int) -> None:
        super().__init__()
        self.dropout, self.is_odd = config.dropout, config.antisymmetric
        self.hidden = None if config.hidden is None else Dense(n_features, config.hidden, bias=not self.is_odd)
        self.final = Dense(config.hidden or n_features, len(config.outputs), bias=not self.is_odd)
        nn.init.normal_(self.final.weight, std=_FINAL_STD)

    def forward(self, features: Tensor) -> Tensor:
        x = F.dropout(features, self.dropout, self.training)
        if self.hidden is not None:
            activated = torch.tanh(self.hidden(x)) if self.is_odd else F.gelu(self.hidden(x))
            x = F.dropout(activated, self.dropout, self.training)
        logits: Tensor = self.final(x)
        return logits
