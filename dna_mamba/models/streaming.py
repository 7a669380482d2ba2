"""Exact bidirectional inference over any length, part by part, the residual stream replaced in place.

Each layer reads a sequence twice. Right to left, the right-to-left scan runs; left to right, the other one, and each
part of the residual takes its sum: parts further right still hold the layer's input, and of those on the left only
the left-to-right state is needed. What comes out is what one pass over the whole sequence gives.

Between the two readings of a part, its right-to-left output and its input projection are kept where memory allows; its
output alone (then a quarter of the products is done again), or only the state at its edge, from which the part is
computed again (two fifths more work), where it does not. What is done again gives the same bits: how much is kept
changes the time alone.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from dna_mamba.models.mixer import BidirectionalMixer, DirectionState


class Part(NamedTuple):
    """Half-open range of positions."""

    start: int
    end: int

    @property
    def window(self) -> slice:
        """The part as an index."""
        return slice(self.start, self.end)


class Budget(NamedTuple):
    """How much is computed and kept at a time.

    ``positions`` computed at a time, those of all sequences of a batch together: what keeps a processor busy and its
    caches in use, what fills a GPU. ``kept_bytes`` between a layer's two readings at most.
    """

    positions: int
    kept_bytes: int


class DeviceBudget(NamedTuple):
    """What a kind of device computes at a time, and keeps beside the residual stream, with it, at most.

    ``kept_bytes`` is for float32; None where what is free alone decides. ``positions`` are fixed: results depend on
    them in the last bit.
    """

    positions: int
    kept_bytes: int | None


BUDGETS = {"cpu": DeviceBudget(8192, 5 * 2**30), "cuda": DeviceBudget(131_072, None)}
"""By device type; as for the CPU where there is none."""


class Keep(IntEnum):
    """What is kept of a first reading."""

    STATES = 0
    OUTPUTS = 1
    INPUTS = 2
    """Outputs too."""


class Kept(NamedTuple):
    """For how many positions of a sequence (all sequences of a batch at once) outputs and inputs are kept."""

    outputs: int
    inputs: int

    def of(self, part: Part) -> Keep:
        """What is kept of a part: most of those that are read again first."""
        return Keep((part.end <= self.outputs) + (part.end <= self.inputs))


def what_to_keep(batch: int, length: int, d_inner: int, dtype: torch.dtype, *, tied: bool, kept_bytes: int) -> Kept:
    """As much as fits; inputs only once all outputs are kept, and where both directions read the same."""
    fits = kept_bytes // (batch * d_inner * dtype.itemsize)
    outputs = min(length, fits)
    return Kept(outputs, min(length, fits - outputs) if tied and outputs == length else 0)


def budget_of(device: torch.device) -> DeviceBudget:
    """The budget of a device's kind."""
    return BUDGETS.get(device.type, BUDGETS["cpu"])


def parts_of(length: int, positions: int) -> list[Part]:
    """Consecutive parts of ``positions``, the last one shorter."""
    return [Part(a, b) for a, b in pairwise([*range(0, length, max(1, positions)), length])]


_WORTH_A_BLOCK = 2**26
"""Numbers to keep."""


class _Shelf:
    """Where a layer keeps tensors between its readings; the next layer uses the same place.

    Many go into one block, taken once: small blocks that stay between large ones that
    come and go fragment memory.
    """

    def __init__(self) -> None:
        self._block: Tensor | None = None
        self._size = 0
        self._used = 0

    def clear(self, size: int) -> None:
        """For another layer, which keeps ``size`` numbers at most."""
        self._size = size
        self._used = 0

    def keep(self, x: Tensor) -> Tensor:
        """A copy in the block; the tensor itself where a block is not worth its while."""
        if self._size <= _WORTH_A_BLOCK:
            return x
        if self._block is None or len(self._block) < self._size:
            self._block = x.new_empty(self._size)
        piece = self._block[self._used : self._used + x.numel()]
        self._used += x.numel()
        return piece.view(x.shape).copy_(x)


class _FirstReading(NamedTuple):
    """What the first reading of a part leaves for the second, of the right-to-left direction: as much as is kept."""

    state: DirectionState | None
    """What it brought into the part; None at the right end."""
    x_BLI: Tensor | None = None
    output_BLI: Tensor | None = None


class ResidualLayer(Protocol):
    """What is run: ``residual + mixer(normed(residual))``."""

    mixer: BidirectionalMixer

    def normed(self, residual_BLD: Tensor) -> Tensor: ...


@torch.no_grad()
def run_layers(
    layers: Sequence[ResidualLayer],
    residual_BLD: Tensor,
    pad_BL1: Tensor | None,
    budget: Budget,
    advance: Callable[[int], None] = lambda count: None,
) -> None:
    """Add every layer's answer to the residual stream, in place; ``pad_BL1`` is True at pads.

    ``advance`` is told how many positions a layer has just finished, pads included: layers x B x L in all.
    """
    batch, length, _ = residual_BLD.shape
    rows = max(1, budget.positions // max(1, length))
    shelf = _Shelf()
    for first in range(0, batch, rows):
        group = slice(first, first + rows)
        pads = None if pad_BL1 is None else pad_BL1[group]
        for layer in layers:
            _run_layer(layer, residual_BLD[group], pads, budget, shelf, advance)


@torch.no_grad()
def layer_at(layer: ResidualLayer, residual_BLD: Tensor, offset: int, budget: Budget) -> Tensor:
    """The residual stream (B, 1, D) after a layer at one position of sequences without pads, the same in all.

    Each direction reads no further than that position, and only there are both gated and projected.
    """
    rows = max(1, budget.positions // residual_BLD.shape[1])
    return torch.cat([_layer_at(layer, group_BLD, offset) for group_BLD in residual_BLD.split(rows)])


def _layer_at(layer: ResidualLayer, residual_BLD: Tensor, offset: int) -> Tensor:
    mixer, h_BLD = layer.mixer, layer.normed(residual_BLD)
    before_BLD, site_B1D = h_BLD[:, :offset], h_BLD[:, offset : offset + 1]
    left: DirectionState | None = None
    if offset:
        x_left_BLI = mixer.project_x_right(before_BLD) if mixer.tied else mixer.project(before_BLD).x_left
        _, left = mixer.left_to_right(x_left_BLI)
    from_right_BLI, _ = mixer.right_to_left(mixer.project_x_right(h_BLD[:, offset:]))
    mixed_B1D, _ = mixer.join(from_right_BLI[:, :1], mixer.project(site_B1D), None, left)
    return residual_BLD[:, offset : offset + 1] + mixed_B1D


def _run_layer(
    layer: ResidualLayer,
    residual_BLD: Tensor,
    pad_BL1: Tensor | None,
    budget: Budget,
    shelf: _Shelf,
    advance: Callable[[int], None],
) -> None:
    batch, length, _ = residual_BLD.shape
    mixer, parts = layer.mixer, parts_of(length, budget.positions // batch)
    d_inner, dtype = mixer.out_proj.in_features, mixer.out_proj.weight.dtype
    kept = what_to_keep(batch, length, d_inner, dtype, tied=mixer.tied, kept_bytes=budget.kept_bytes)
    shelf.clear(batch * sum(kept) * d_inner)
    readings = _read_from_right(layer, residual_BLD, pad_BL1, parts, kept, shelf)
    left: DirectionState | None = None
    for part in parts:
        left = _finish(layer, residual_BLD[:, part.window], _at(pad_BL1, part), readings.pop(), left)
        advance(batch * (part.end - part.start))


def _read_from_right(
    layer: ResidualLayer, residual_BLD: Tensor, pad_BL1: Tensor | None, parts: list[Part], kept: Kept, shelf: _Shelf
) -> list[_FirstReading]:
    """The first reading of all parts but the leftmost, which is read twice in a row; that comes last."""
    readings: list[_FirstReading] = []
    state: DirectionState | None = None
    store: DirectionState | None = None
    for index, part in reversed(list(enumerate(parts[1:]))):
        here_BLD, pads = residual_BLD[:, part.window], _at(pad_BL1, part)
        reading, after = _begin(layer, here_BLD, pads, state, kept.of(part), shelf)
        readings.append(reading)
        # One block for all edges: small pieces that stay between large ones that go would fragment memory.
        store = store or DirectionState(*(x.new_empty(len(parts), *x.shape) for x in after))
        state = DirectionState(*(block[index].copy_(x) for block, x in zip(store, after, strict=True)))
    return [*readings, _FirstReading(state)]


# What a part needs dies with the function that reads it: the next one gets the same memory, still in the caches.
def _begin(
    layer: ResidualLayer, here_BLD: Tensor, pads: Tensor | None, right: DirectionState | None, keep: Keep, shelf: _Shelf
) -> tuple[_FirstReading, DirectionState]:
    """A part's first reading, from the state its right neighbour left, and the state it leaves."""
    x_BLI = layer.mixer.project_x_right(layer.normed(here_BLD), pads)
    output_BLI, after = layer.mixer.right_to_left(x_BLI, pads, right)
    kept_x = shelf.keep(x_BLI) if keep >= Keep.INPUTS else None
    return _FirstReading(right, kept_x, shelf.keep(output_BLI) if keep >= Keep.OUTPUTS else None), after


def _finish(
    layer: ResidualLayer, here_BLD: Tensor, pads: Tensor | None, reading: _FirstReading, left: DirectionState | None
) -> DirectionState:
    """A part's second reading, from the state its left neighbour left: the residual takes the sum."""
    mixer, (right, x_BLI, output_BLI) = layer.mixer, reading
    inputs = mixer.project(layer.normed(here_BLD), pads, x_BLI)
    if output_BLI is None:
        output_BLI, _ = mixer.right_to_left(inputs.x_right, pads, right)
    mixed_BLD, after = mixer.join(output_BLI, inputs, pads, left)
    here_BLD += mixed_BLD
    return after._replace(context_BKI=after.context_BKI.clone())  # not a slice that keeps the part alive


def _at(pad_BL1: Tensor | None, part: Part) -> Tensor | None:
    return None if pad_BL1 is None else pad_BL1[:, part.window]
