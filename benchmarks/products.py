"""The matrix products of bidirectional layers alone: what a layer cannot do without, and so what it is held against.

For each position of each sequence and for each layer: in_proj (d_model to 2 d_inner), x_proj of either direction
(d_inner to dt_rank + 2 d_state), dt_proj of either direction (dt_rank to d_inner), out_proj (d_inner to d_model).
Each is one product over the whole length, on dense float32 inputs, into a fresh output. In training the gradients of
every input and weight are computed too, two products more for each. All libraries that torch brings are asked, each for
all of them: what is measured is held against the faster.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import torch
from measuring import Times
from torch import Tensor

from dna_mamba.models import ModelConfig
from dna_mamba_kernels.products import ProductLibrary, has_onednn, linear

LIBRARIES: list[ProductLibrary] = ["torch", "onednn"] if has_onednn() else ["torch"]


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
    def forward(self, library: ProductLibrary) -> None:
        """Each output is dropped before the next."""
        for x, weight in zip(self._inputs, self._weights, strict=True):
            linear(x, weight, library=library)

    def training(self, library: ProductLibrary, n_layer: int = 1) -> None:
        """Forward and backward, ``n_layer`` times."""
        leaves: list[Tensor] = [x.requires_grad_() for x in (*self._inputs, *self._weights)]
        for _ in range(n_layer):
            outputs = [linear(x, w, library=library) for x, w in zip(self._inputs, self._weights, strict=True)]
            torch.autograd.grad(outputs, leaves, self._gradients)


def each_library(products: Callable[..., None], *arguments: int) -> dict[str, Callable[[], None]]:
    """The same products through each library, by its name."""
    return {library: partial(products, library, *arguments) for library in LIBRARIES}


class Fastest(NamedTuple):
    """The library that took least, and its times."""

    library: str
    times: Times


def fastest(times: Mapping[str, Times]) -> Fastest:
    """Of the libraries among what took turns; by the best round, which says what the machine can do."""
    return min((Fastest(name, times[name]) for name in LIBRARIES), key=lambda found: found.times.best)
