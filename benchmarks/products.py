"""The matrix products of bidirectional layers alone: what a layer cannot do without, and so what it is held against.

For each position of each sequence and for each layer: in_proj (d_model to 2 d_inner), x_proj of either direction
(d_inner to dt_rank + 2 d_state), dt_proj of either direction (dt_rank to d_inner), out_proj (d_inner to d_model).
Each is one ``torch.nn.functional.linear`` over the whole length, on dense inputs, into a fresh output. In training the
gradients of every input and weight are computed too, two products more for each.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from dna_mamba.models import ModelConfig


def sizes_of(config: ModelConfig) -> list[tuple[int, int]]:
    """(inputs, outputs) of the products of one layer."""
    x_proj = (config.d_inner, config.dt_rank + 2 * config.d_state)
    dt_proj = (config.dt_rank, config.d_inner)
    return [
        (config.d_model, 2 * config.d_inner),
        *(x_proj, x_proj),
        *(dt_proj, dt_proj),
        (config.d_inner, config.d_model),
    ]


class Products:
    """Those of one layer, ready to be run on (batch, length) positions."""

    def __init__(self, config: ModelConfig, batch: int, length: int) -> None:
        sizes = sizes_of(config)
        self._inputs = [torch.randn(batch, length, i) for i, _ in sizes]
        self._weights = [torch.randn(o, i) / i**0.5 for i, o in sizes]
        self._gradients = [torch.randn(batch, length, o) for _, o in sizes]

    @torch.no_grad()
    def forward(self) -> None:
        """Each output is dropped before the next."""
        for x, weight in zip(self._inputs, self._weights, strict=True):
            F.linear(x, weight)

    def training(self, n_layer: int = 1) -> None:
        """Forward and backward, ``n_layer`` times."""
        leaves: list[Tensor] = [x.requires_grad_() for x in (*self._inputs, *self._weights)]
        for _ in range(n_layer):
            outputs = [F.linear(x, weight) for x, weight in zip(self._inputs, self._weights, strict=True)]
            torch.autograd.grad(outputs, leaves, self._gradients)
