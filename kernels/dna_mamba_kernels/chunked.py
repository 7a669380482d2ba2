"""The scan in plain torch, for machines without the native kernel and for float64.

Time is cut into chunks. Exponentials, products and sums are whole-chunk operations; only the recurrence itself
is one fused multiply-add per position. Nothing is divided by a decay, so strongly negative ``delta * A`` is safe.
Memory is a few (chunk, batch, d_inner, d_state) tensors; a forward without gradients keeps them small enough for the
cache, one with gradients keeps the state at each chunk's edge and the backward recomputes the rest chunk by chunk.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, silu, softplus

from dna_mamba_kernels.scan_types import ScanGradients, ScanInputs

CHUNK = 64
"""Positions per chunk at most: beyond this nothing is gained."""
_CACHED = 2**19
"""Elements of a chunk's tensors that still lie in a second-level cache, so that wide batches take short chunks."""


def edge_states_shape(batch: int, length: int, d_inner: int, d_state: int) -> tuple[int, ...]:
    """Shape of the saved states: the state that enters each chunk, chunks in sequence order."""
    return (-(-length // CHUNK), batch, d_inner, d_state)


def forward(inputs: ScanInputs, *, save_states: bool) -> tuple[Tensor, Tensor, Tensor]:
    """(y, final_state, edge_states); edge_states is empty unless ``save_states``."""
    length = inputs.u_BLD.shape[1]
    dtype = inputs.state_dtype
    A_DN = inputs.A_DN.to(dtype)
    y_BLD = torch.empty_like(inputs.u_BLD, memory_format=torch.contiguous_format)
    edges = y_BLD.new_empty(edge_states_shape(*inputs.sizes) if save_states else (0,), dtype=dtype)
    h_BDN = _initial_state(inputs)
    steps = CHUNK if save_states else max(1, min(CHUNK, _CACHED // max(1, h_BDN.numel())))
    for index, window in _chunks(length, steps, inputs.reverse):
        if save_states:
            edges[index] = h_BDN
        chunk = _load(inputs, window)
        states = _states(chunk, A_DN, h_BDN, inputs.reverse)
        y_BLD[:, window] = _output(inputs, chunk, states.h_TBDN).transpose(0, 1)
        h_BDN = states.h_TBDN[0 if inputs.reverse else -1]
    return y_BLD, h_BDN.clone(), edges


def backward(
    inputs: ScanInputs, edges: Tensor, dy_BLD: Tensor, dfinal_BDN: Tensor | None, needs: Sequence[bool]
) -> ScanGradients:
    """Gradients by the adjoint recurrence g_t = C_t dy_t + exp(delta_{t+1} A) g_{t+1}, run against the scan."""
    batch, length, d_inner, d_state = inputs.sizes
    dtype = inputs.state_dtype
    A_DN = inputs.A_DN.to(dtype)
    grads = _empty_gradients(inputs, needs)
    carry_BDN = A_DN.new_zeros(batch, d_inner, d_state) if dfinal_BDN is None else dfinal_BDN.to(dtype)
    for index, window in _chunks(length, CHUNK, not inputs.reverse):
        chunk = _load(inputs, window)
        states = _states(chunk, A_DN, edges[index], inputs.reverse)
        dy_TBD = dy_BLD[:, window].transpose(0, 1).to(dtype)
        carry_BDN = _chunk_gradients(inputs, chunk, states, A_DN, dy_TBD, carry_BDN, grads, window)
    if grads.initial_state_BDN is not None:
        grads.initial_state_BDN.copy_(carry_BDN)
    return grads.cast_like(inputs)


class _Chunk(NamedTuple):
    u_TBD: Tensor
    raw_delta_TBD: Tensor
    delta_TBD: Tensor
    B_TBN: Tensor
    C_TBN: Tensor
    z_TBD: Tensor | None
    addend_TBD: Tensor | None


class _States(NamedTuple):
    decay_TBDN: Tensor
    h_TBDN: Tensor
    entering_TBDN: Tensor
    """The state each position starts from: ``h`` shifted by one along the direction of the scan."""


def _chunks(length: int, steps: int, backwards: bool) -> list[tuple[int, slice]]:
    windows = [slice(start, min(start + steps, length)) for start in range(0, length, steps)]
    indexed = list(enumerate(windows))
    return indexed[::-1] if backwards else indexed


def _initial_state(inputs: ScanInputs) -> Tensor:
    batch, _, d_inner, d_state = inputs.sizes
    if inputs.initial_state_BDN is None:
        return inputs.u_BLD.new_zeros(batch, d_inner, d_state, dtype=inputs.state_dtype)
    return inputs.initial_state_BDN.to(inputs.state_dtype)


def _load(inputs: ScanInputs, window: slice) -> _Chunk:
    def time_first(x: Tensor) -> Tensor:
        return x[:, window].transpose(0, 1).to(inputs.state_dtype)

    raw_delta_TBD = time_first(inputs.delta_BLD)
    if inputs.delta_bias_D is not None:
        raw_delta_TBD = raw_delta_TBD + inputs.delta_bias_D
    return _Chunk(
        time_first(inputs.u_BLD),
        raw_delta_TBD,
        softplus(raw_delta_TBD) if inputs.delta_softplus else raw_delta_TBD,
        time_first(inputs.B_BLN),
        time_first(inputs.C_BLN),
        None if inputs.z_BLD is None else time_first(inputs.z_BLD),
        None if inputs.addend_BLD is None else time_first(inputs.addend_BLD),
    )


def _states(chunk: _Chunk, A_DN: Tensor, h_BDN: Tensor, reverse: bool) -> _States:
    decay_TBDN = (chunk.delta_TBD[..., None] * A_DN).exp_()
    drive_TBD = chunk.delta_TBD * chunk.u_TBD
    steps = len(drive_TBD)
    # One buffer with the entering state at the end the scan starts from, so that both views below share it.
    path = decay_TBDN.new_empty(steps + 1, *decay_TBDN.shape[1:])
    path[-1 if reverse else 0] = h_BDN
    h_TBDN, entering_TBDN = (path[:-1], path[1:]) if reverse else (path[1:], path[:-1])
    torch.mul(drive_TBD[..., None], chunk.B_TBN[:, :, None], out=h_TBDN)
    for t in reversed(range(steps)) if reverse else range(steps):
        h_TBDN[t].addcmul_(decay_TBDN[t], entering_TBDN[t])
    return _States(decay_TBDN, h_TBDN, entering_TBDN)


def _ungated(inputs: ScanInputs, chunk: _Chunk, h_TBDN: Tensor) -> Tensor:
    y_TBD = (h_TBDN @ chunk.C_TBN[..., None])[..., 0]
    if inputs.D_D is not None:
        y_TBD = y_TBD + inputs.D_D * chunk.u_TBD
    return y_TBD if chunk.addend_TBD is None else y_TBD + chunk.addend_TBD


def _output(inputs: ScanInputs, chunk: _Chunk, h_TBDN: Tensor) -> Tensor:
    y_TBD = _ungated(inputs, chunk, h_TBDN)
    return y_TBD if chunk.z_TBD is None else y_TBD * silu(chunk.z_TBD)


def _chunk_gradients(
    inputs: ScanInputs,
    chunk: _Chunk,
    states: _States,
    A_DN: Tensor,
    dy_TBD: Tensor,
    carry_BDN: Tensor,
    grads: ScanGradients,
    window: slice,
) -> Tensor:
    """Write or add this chunk's part of every gradient; return the adjoint of the state entering the chunk."""
    if chunk.z_TBD is not None:
        if grads.z_BLD is not None:
            y_TBD = _ungated(inputs, chunk, states.h_TBDN)
            _write(grads.z_BLD, window, dy_TBD * y_TBD * _silu_slope(chunk.z_TBD))
        dy_TBD = dy_TBD * silu(chunk.z_TBD)
    if grads.addend_BLD is not None:
        _write(grads.addend_BLD, window, dy_TBD)
    if grads.C_BLN is not None:
        _write(grads.C_BLN, window, (dy_TBD[..., None, :] @ states.h_TBDN)[..., 0, :])
    g_TBDN, carry_BDN = _adjoint(chunk, states.decay_TBDN, dy_TBD, carry_BDN, inputs.reverse)
    if grads.B_BLN is not None:
        drive_TBD = chunk.delta_TBD * chunk.u_TBD
        _write(grads.B_BLN, window, (drive_TBD[..., None, :] @ g_TBDN)[..., 0, :])
    d_drive_TBD = (g_TBDN @ chunk.B_TBN[..., None])[..., 0]
    if grads.u_BLD is not None:
        du_TBD = d_drive_TBD * chunk.delta_TBD
        _write(grads.u_BLD, window, du_TBD if inputs.D_D is None else du_TBD + dy_TBD * inputs.D_D)
    if grads.D_D is not None:
        grads.D_D.add_((dy_TBD * chunk.u_TBD).sum((0, 1)))
    d_exponent_TBDN = g_TBDN.mul_(states.decay_TBDN).mul_(states.entering_TBDN)
    if grads.A_DN is not None:
        grads.A_DN.add_(torch.einsum("tbdn,tbd->dn", d_exponent_TBDN, chunk.delta_TBD))
    if grads.delta_BLD is not None or grads.delta_bias_D is not None:
        ddelta_TBD = (d_exponent_TBDN * A_DN).sum(-1) + d_drive_TBD * chunk.u_TBD
        if inputs.delta_softplus:
            ddelta_TBD = ddelta_TBD * torch.sigmoid(chunk.raw_delta_TBD)
        if grads.delta_BLD is not None:
            _write(grads.delta_BLD, window, ddelta_TBD)
        if grads.delta_bias_D is not None:
            grads.delta_bias_D.add_(ddelta_TBD.sum((0, 1)))
    return carry_BDN


def _adjoint(
    chunk: _Chunk, decay_TBDN: Tensor, dy_TBD: Tensor, carry_BDN: Tensor, reverse: bool
) -> tuple[Tensor, Tensor]:
    """g_t, the derivative by h_t, for a chunk; and what it hands to the chunk before it in scan order."""
    g_TBDN = dy_TBD[..., None] * chunk.C_TBN[:, :, None]
    steps = len(g_TBDN)
    for t in range(steps) if reverse else reversed(range(steps)):
        g_TBDN[t].add_(carry_BDN)
        carry_BDN = g_TBDN[t] * decay_TBDN[t]
    return g_TBDN, carry_BDN


def _silu_slope(z: Tensor) -> Tensor:
    sigmoid = torch.exp(logsigmoid(z))
    return sigmoid * (1 + z * (1 - sigmoid))


def _write(out_BLX: Tensor, window: slice, value_TBX: Tensor) -> None:
    out_BLX[:, window] = value_TBX.transpose(0, 1)


def _empty_gradients(inputs: ScanInputs, needs: Sequence[bool]) -> ScanGradients:
    """Accumulators in the state's dtype; those that sum over chunks start at zero."""
    return ScanGradients(
        *(
            torch.zeros(x.shape, dtype=inputs.state_dtype, device=x.device) if need and x is not None else None
            for x, need in zip(inputs.tensors, needs, strict=True)
        )
    )
