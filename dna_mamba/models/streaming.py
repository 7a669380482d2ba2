"""Exact bidirectional inference over any length: memory is the residual stream plus one chunk.

Each layer runs twice over the sequence. Right to left, only the right-to-left scan runs, and its state at every chunk's
edge is kept. Then, left to right, each chunk is computed whole from the states at its two edges, and its part of the
residual is replaced in place: chunks on its right still hold the layer's input, and of those on its left only the
left-to-right state is needed. What comes out is what one pass over the whole sequence gives, whatever the chunk.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from dna_mamba.models.encoder import Encoder, Layer
from dna_mamba.models.mixer import DirectionState

CHUNK = 8192
"""Positions computed at a time, those of all sequences of a batch together."""


class Chunk(NamedTuple):
    """Half-open range of positions."""

    start: int
    end: int


def chunks(length: int, size: int) -> list[Chunk]:
    """Consecutive chunks of ``size`` positions, the last one shorter."""
    return [Chunk(a, b) for a, b in pairwise([*range(0, length, size), length])]


@torch.no_grad()
def stream_residual(encoder: Encoder, ids_BL: Tensor, chunk: int = CHUNK) -> Tensor:
    """The residual stream (B, L, D) after all layers, before the final norm, of ids without padding, int64 (B, L)."""
    parts = chunks(ids_BL.shape[1], max(1, chunk // len(ids_BL)))
    residual_BLD = torch.empty(*ids_BL.shape, encoder.embedding.embedding_dim, dtype=encoder.embedding.weight.dtype,
                               device=encoder.embedding.weight.device)  # fmt: skip
    for start, end in parts:
        residual_BLD[:, start:end] = encoder.embedding(ids_BL[:, start:end])
    for layer in encoder.layers:
        assert isinstance(layer, Layer)
        _run_layer(layer, residual_BLD, parts)
    return residual_BLD


def _run_layer(layer: Layer, residual_BLD: Tensor, parts: list[Chunk]) -> None:
    left: DirectionState | None = None
    for (start, end), right in zip(parts, _edges(layer, residual_BLD, parts), strict=True):
        part_BLD = residual_BLD[:, start:end]
        mixed_BLD, left = layer.mixer.part(layer.norm(part_BLD), left, right)
        left = _copied(left)
        part_BLD += mixed_BLD


def _edges(layer: Layer, residual_BLD: Tensor, parts: list[Chunk]) -> list[DirectionState | None]:
    """What the right-to-left direction brings into each part; None for the last one, where it starts."""
    edges: list[DirectionState | None] = [None]
    for start, end in reversed(parts[1:]):
        edges.append(_copied(layer.mixer.from_right(layer.norm(residual_BLD[:, start:end]), edges[-1])))
    return edges[::-1]


def _copied(state: DirectionState) -> DirectionState:
    """The state without the chunk that its context is a slice of."""
    return state._replace(context_BKI=state.context_BKI.clone())
