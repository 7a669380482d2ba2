"""A bidirectional mixer over a part of its sequences: what one process would give there, to rounding.

Where a sequence is cut, a direction hands on its convolution's last inputs and the state of its scan. The first are
known before anything is computed. The state is not, but the recurrence is linear in it: a part that makes ``q`` of an
empty state makes ``exp(A * steps) * h + q`` of a state ``h``, where ``steps`` is the sum of its deltas (Gu & Dao 2023,
equation 2). So each rank scans its part from an empty state, all tell one another ``q`` and ``steps``, and each finds
from them the state that enters its own part, and scans from that.

A direction's first part needs no second scan, and its last part no first one: of two ranks, each scans once a
direction, as one process does. Sizes are those of ``models.mixer``; R ranks, S streams, M = N + 1.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from dna_mamba.models.context.part import SequencePart
from dna_mamba.models.context.steps import total_steps
from dna_mamba.models.mixer import BidirectionalMixer, DirectionalScan, ScanReading


def mix_part(mixer: BidirectionalMixer, h_BLD: Tensor, pad_BL1: Tensor | None, part: SequencePart) -> Tensor:
    """What ``mixer`` gives at the positions of a part, (B, L, D) to (B, L, D); all ranks of the group call it at once.

    ``pad_BL1`` is True at pads: on the right, and on the left in rows of the other strand.
    """
    inputs = mixer.project(h_BLD, pad_BL1)
    pads = [None] * part.strands if pad_BL1 is None else part.strands_of(pad_BL1)
    streams = [
        _Stream(direction, x_BLI, pad_BL1, ascending=direction.reverse == (strand == 1))
        for direction, both in ((mixer.left_to_right, inputs.x_left), (mixer.right_to_left, inputs.x_right))
        for strand, (x_BLI, pad_BL1) in enumerate(zip(part.strands_of(both), pads, strict=True))
    ]
    tails_RSBKI = part.gather(torch.stack([stream.direction.context_after(stream.x_BLI, None) for stream in streams]))
    begun = [_begin(stream, tails, part) for stream, tails in zip(streams, tails_RSBKI.unbind(1), strict=True)]
    told_RSBIM = part.gather(torch.stack([each.told_BIM for each in begun]))
    entered = [_enter(each, told, part) for each, told in zip(begun, told_RSBIM.unbind(1), strict=True)]
    pairs = zip(entered[: part.strands], entered[part.strands :], part.strands_of(inputs.z_left), strict=True)
    if mixer.adds:
        left_BLI = _stacked([_sum_of_both(left, right, z_BLI) for left, right, z_BLI in pairs])
        return mixer.project_out(left_BLI, None, inputs.z_right)
    outputs = [(left.output(z_BLI=z_BLI), right.output()) for left, right, z_BLI in pairs]
    left_BLI, from_right_BLI = (_stacked(strands) for strands in zip(*outputs, strict=True))
    return mixer.project_out(left_BLI, from_right_BLI, inputs.z_right)


class _Stream(NamedTuple):
    """One direction through the rows of one strand; ``ascending`` if it reads the parts from rank 0 on."""

    direction: DirectionalScan
    x_BLI: Tensor
    pad_BL1: Tensor | None
    ascending: bool


class _Begun(NamedTuple):
    """A stream before the state that enters its part is known.

    ``told_BIM`` is what the part does to a state, for the ranks that read on: the state it makes of an empty one and,
    as one column more, the sum of its steps; zeros where nobody asks. ``output_BLI`` is known on the rank that reads
    first.
    """

    stream: _Stream
    reading: ScanReading
    told_BIM: Tensor
    output_BLI: Tensor | None


class _Entered(NamedTuple):
    """A stream whose entering state is known; None on the rank that reads first."""

    begun: _Begun
    state_BIN: Tensor | None

    def output(self, addend_BLI: Tensor | None = None, z_BLI: Tensor | None = None) -> Tensor:
        """``(y + addend) * silu(z)`` (B, L, I), without what is not given."""
        stream, reading, _, output_BLI = self.begun
        if output_BLI is None:
            return stream.direction.scan(reading, self.state_BIN, addend_BLI=addend_BLI, z_BLI=z_BLI)[0]
        if addend_BLI is not None:
            output_BLI = output_BLI + addend_BLI
        return output_BLI if z_BLI is None else output_BLI * F.silu(z_BLI)


def _begin(stream: _Stream, tails_RBKI: Tensor, part: SequencePart) -> _Begun:
    """Convolution and projections after the context that enters the part, and the first scan where one is needed."""
    direction, before = stream.direction, part.before(ascending=stream.ascending)
    reading = direction.read(stream.x_BLI, stream.pad_BL1, _entering_context(stream, tails_RBKI, part))
    batch, _, d_inner = stream.x_BLI.shape
    state_BIN = direction.A_IN.new_zeros(batch, *direction.A_log.shape)
    steps_BI = state_BIN.new_zeros(batch, d_inner)
    output_BLI: Tensor | None = None
    if len(before) < part.size - 1:
        output_BLI, state_BIN = direction.scan(reading)
        if before:
            output_BLI, steps_BI = None, total_steps(reading.delta_BLI, direction.dt_bias)
    return _Begun(stream, reading, torch.cat([state_BIN, steps_BI[..., None]], dim=-1), output_BLI)


def _entering_context(stream: _Stream, tails_RBKI: Tensor, part: SequencePart) -> Tensor | None:
    """The convolution's last inputs before the part, of as many ranks as it takes; None where reading begins."""
    context_BKI: Tensor | None = None
    taps = tails_RBKI.shape[2]
    for rank in part.before(ascending=stream.ascending):
        known = min(taps, part.positions_of(rank))
        tail_BKI = tails_RBKI[rank]
        tail_BKI = tail_BKI[:, :known] if stream.direction.reverse else tail_BKI[:, taps - known :]
        context_BKI = stream.direction.context_after(tail_BKI, context_BKI)
    return context_BKI


def _enter(begun: _Begun, told_RBIM: Tensor, part: SequencePart) -> _Entered:
    """The state before the part: what the parts read before it make of an empty one, one after another."""
    state_BIN: Tensor | None = None
    A_IN = begun.stream.direction.A_IN
    for rank in part.before(ascending=begun.stream.ascending):
        read_BIN, steps_BI1 = told_RBIM[rank, ..., :-1], told_RBIM[rank, ..., -1:]
        state_BIN = read_BIN if state_BIN is None else torch.exp(A_IN * steps_BI1) * state_BIN + read_BIN
    return _Entered(begun, state_BIN)


def _sum_of_both(left: _Entered, right: _Entered, z_BLI: Tensor) -> Tensor:
    """Both directions added and gated (B, L, I), in the scan of one that does not begin here."""
    if left.begun.output_BLI is not None:
        left, right = right, left
    return left.output(right.output(), z_BLI)


def _stacked(strands: Sequence[Tensor]) -> Tensor:
    return strands[0] if len(strands) == 1 else torch.cat(tuple(strands))
