"""Exact bidirectional inference over any length, part by part, the residual stream replaced in place.

Each layer reads a sequence twice. Right to left, the right-to-left scan runs; left to right, the other one, and each
part of the residual takes its sum: parts further right still hold the layer's input, and of those on the left only
the left-to-right state is needed. What comes out is what one pass over the whole sequence gives.

What is kept between the two readings depends on the length alone: everything that the second one needs (inputs and
right-to-left outputs, several times the residual); the outputs alone, for about a seventh more work; or only the
right-to-left state at every part's edge, from which each part is computed again: then memory is the residual and one
part, for about two fifths more work.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from dna_mamba.models.mixer import BidirectionalMixer, DirectionState, Projected


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

    ``positions`` computed at a time, those of all sequences of a batch together: what the caches of a processor hold,
    what fills a GPU. ``kept_bytes`` between a layer's two readings at most; what exceeds it is computed again.
    """

    positions: int
    kept_bytes: int


BUDGETS = {"cpu": Budget(8192, 2**30), "cuda": Budget(131_072, 2**33)}
"""By device type; as for the CPU where there is none. Fixed, so that results never depend on a machine's memory."""


class Keep(IntEnum):
    """What is kept of a first reading."""

    STATES = 0
    OUTPUTS = 1
    ALL = 2


def what_to_keep(positions: int, d_inner: int, dtype: torch.dtype, *, tied: bool, kept_bytes: int) -> tuple[Keep, int]:
    """As much as fits, and its bytes without those of the states; ``positions`` are those of all sequences together."""
    outputs = positions * d_inner * dtype.itemsize
    everything = outputs * (3 if tied else 5)  # x, z and the output; two of each input where they differ
    if everything <= kept_bytes:
        return Keep.ALL, everything
    return (Keep.OUTPUTS, outputs) if outputs <= kept_bytes else (Keep.STATES, 0)


def budget_of(device: torch.device) -> Budget:
    """The budget for a device."""
    return BUDGETS.get(device.type, BUDGETS["cpu"])


def parts_of(length: int, positions: int) -> list[Part]:
    """Consecutive parts of ``positions``, the last one shorter."""
    return [Part(a, b) for a, b in pairwise([*range(0, length, max(1, positions)), length])]


class _Reading(NamedTuple):
    """What the first reading of a part leaves for the second: as much of it as is kept."""

    right: DirectionState | None
    """What the right-to-left direction brought into it; None at the right end."""
    inputs: Projected | None = None
    output_BLI: Tensor | None = None
    """Of the right-to-left direction."""


class Layer(Protocol):
    """What is run: ``residual + mixer(normed(residual))``."""

    mixer: BidirectionalMixer

    def normed(self, residual_BLD: Tensor) -> Tensor: ...


@torch.no_grad()
def run_layers(
    layers: Sequence[Layer],
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
    for first in range(0, batch, rows):
        group = slice(first, first + rows)
        pads = None if pad_BL1 is None else pad_BL1[group]
        for layer in layers:
            _run_layer(layer, residual_BLD[group], pads, budget, advance)


def _run_layer(
    layer: Layer, residual_BLD: Tensor, pad_BL1: Tensor | None, budget: Budget, advance: Callable[[int], None]
) -> None:
    batch, length, _ = residual_BLD.shape
    parts = parts_of(length, budget.positions // batch)
    mixer = layer.mixer
    keep, _ = what_to_keep(
        batch * length, mixer.out_proj.in_features, residual_BLD.dtype, tied=mixer.tied, kept_bytes=budget.kept_bytes
    )
    readings = _read_from_right(layer, residual_BLD, pad_BL1, parts, keep)
    left: DirectionState | None = None
    for part in parts:
        left = _finish(layer, residual_BLD[:, part.window], _at(pad_BL1, part), readings.pop(), left)
        advance(batch * (part.end - part.start))


def _read_from_right(
    layer: Layer, residual_BLD: Tensor, pad_BL1: Tensor | None, parts: list[Part], keep: Keep
) -> list[_Reading]:
    """The first reading; the leftmost part comes last."""
    readings: list[_Reading] = []
    state: DirectionState | None = None
    store: DirectionState | None = None
    for index, part in reversed(list(enumerate(parts))):
        if keep is Keep.STATES and part.start == 0:
            readings.append(_Reading(state))
            break  # nothing lies further left
        reading, after = _begin(layer, residual_BLD[:, part.window], _at(pad_BL1, part), state, keep)
        readings.append(reading)
        # One block for all edges: small pieces that stay between large ones that go would tear the memory.
        store = store or DirectionState(*(x.new_empty(len(parts), *x.shape) for x in after))
        state = DirectionState(*(kept[index].copy_(x) for kept, x in zip(store, after, strict=True)))
    return readings


# What a part needs dies with the function that reads it: the next one gets the same memory, still in the caches.
def _begin(
    layer: Layer, here_BLD: Tensor, pads: Tensor | None, right: DirectionState | None, keep: Keep
) -> tuple[_Reading, DirectionState]:
    """A part's first reading, from the state its right neighbour left, and the state it leaves."""
    mixer, h_BLD = layer.mixer, layer.normed(here_BLD)
    inputs = mixer.project(h_BLD, pads) if keep is Keep.ALL else None
    x_BLI = mixer.project_x_right(h_BLD, pads) if inputs is None else inputs.x_right
    output_BLI, after = mixer.right_to_left(x_BLI, pads, right)
    return _Reading(right, inputs, None if keep is Keep.STATES else output_BLI), after


def _finish(
    layer: Layer, here_BLD: Tensor, pads: Tensor | None, reading: _Reading, left: DirectionState | None
) -> DirectionState:
    """A part's second reading, from the state its left neighbour left: the residual takes the sum."""
    mixer, (right, inputs, from_right_BLI) = layer.mixer, reading
    if inputs is None:
        inputs = mixer.project(layer.normed(here_BLD), pads)
    if from_right_BLI is None:
        from_right_BLI, _ = mixer.right_to_left(inputs.x_right, pads, right)
    mixed_BLD, after = mixer.join(from_right_BLI, inputs, pads, left)
    here_BLD += mixed_BLD
    return after._replace(context_BKI=after.context_BKI.clone())  # not a slice that keeps the part alive


def _at(pad_BL1: Tensor | None, part: Part) -> Tensor | None:
    return None if pad_BL1 is None else pad_BL1[:, part.window]
