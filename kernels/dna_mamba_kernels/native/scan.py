"""The native selective scan: tensors to plain pointers and strides, and back."""

import ctypes
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from dna_mamba_kernels.native import library
from dna_mamba_kernels.scan_types import ScanGradients, ScanInputs

_LANES = 16
"""Channels are padded to this many wherever the kernel lays out its own memory."""

_int, _pointer = ctypes.c_int64, ctypes.c_void_p


class _Run(ctypes.Structure):
    _fields_ = [(name, _int) for name in ("isa", "threads", "tile", "block")] + [("parallel", _pointer)]


class _Inputs(ctypes.Structure):
    _fields_ = (
        [(name, _int) for name in ("batch", "length", "d_inner", "d_state")]
        + [(name, _pointer) for name in ("u", "delta", "A", "B", "C", "D", "delta_bias", "z", "initial_state")]
        + [(f"{name}_{axis}", _int) for name in ("u", "delta", "B", "C", "z") for axis in ("sb", "sl")]
        + [("delta_softplus", _int), ("reverse", _int)]
    )


class _Outputs(ctypes.Structure):
    _fields_ = [(name, _pointer) for name in ("y", "final_state", "edges")]


class _Grads(ctypes.Structure):
    _fields_ = (
        [(name, _pointer) for name in ("dy", "dfinal_state", "edges")]
        + [(name, _int) for name in ("dy_sb", "dy_sl")]
        + [(name, _pointer) for name in ("du", "ddelta", "dz", "dB", "dC", "dA", "dD", "ddelta_bias", "dinitial_state")]
    )


TILE = 32
"""Positions per time tile: what the backward recomputes for four states of a group then fits the first-level cache."""


def channel_block(batch: int, d_inner: int) -> int:
    """Channels per unit of work: as many as leave eight units to share. Chosen by shape alone, so that the order of
    every sum, and with it every bit of the result, is the same for any number of threads."""
    for block in (256, 128, 64, 32):
        if batch * -(-d_inner // block) >= 8:
            return block
    return _LANES


class NativeScan(NamedTuple):
    """The native backend, bound to one instruction set, or to the best this machine has when ``isa`` is None."""

    isa: str | None = None

    def edge_states_shape(self, batch: int, length: int, d_inner: int, d_state: int) -> tuple[int, ...]:
        """Shape of the saved states: the state that enters each tile, tiles in sequence order."""
        return (batch, -(-length // TILE), d_state, -(-d_inner // _LANES) * _LANES)

    def forward(self, inputs: ScanInputs, *, save_states: bool) -> tuple[Tensor, Tensor, Tensor]:
        """(y, final_state, edge_states); edge_states is empty unless ``save_states``."""
        batch, _, d_inner, d_state = inputs.sizes
        ready = _ready(inputs)
        y_BLD = torch.empty(ready.u_BLD.shape)
        final_BDN = torch.empty(batch, d_inner, d_state)
        edges = torch.empty(self.edge_states_shape(*inputs.sizes) if save_states else (0,))
        outputs = _Outputs(y_BLD.data_ptr(), final_BDN.data_ptr(), edges.data_ptr() if save_states else None)
        self._call("dna_mamba_scan_forward", ready, outputs)
        return y_BLD.to(inputs.u_BLD.dtype), final_BDN, edges

    def backward(
        self, inputs: ScanInputs, edges: Tensor, dy_BLD: Tensor, dfinal_BDN: Tensor | None, needs: Sequence[bool]
    ) -> ScanGradients:
        """Gradients of the inputs in ``needs``; sums over channels come as one part per block of channels."""
        batch, length, d_inner, d_state = inputs.sizes
        ready = _ready(inputs)
        dy_BLD = _rows(dy_BLD)
        dfinal_BDN = _dense(dfinal_BDN)
        blocks = -(-d_inner // channel_block(batch, d_inner))
        padded = -(-d_inner // _LANES) * _LANES
        _, _, need_A, need_B, need_C, need_D, need_bias, need_z, need_state = needs
        du_BLD, ddelta_BLD = torch.empty(ready.u_BLD.shape), torch.empty(ready.u_BLD.shape)
        dz_BLD = _empty(need_z, *ready.u_BLD.shape)
        dB_KBLN = _empty(need_B, blocks, batch, length, d_state)
        dC_KBLN = _empty(need_C, blocks, batch, length, d_state)
        dA_BND = _empty(need_A, batch, d_state, padded)
        dD_BD, dbias_BD = _empty(need_D, batch, padded), _empty(need_bias, batch, padded)
        dstate_BDN = _empty(need_state, batch, d_inner, d_state)
        outputs = (du_BLD, ddelta_BLD, dz_BLD, dB_KBLN, dC_KBLN, dA_BND, dD_BD, dbias_BD, dstate_BDN)
        grads = _Grads(
            dy_BLD.data_ptr(), _address(dfinal_BDN), edges.data_ptr(), *dy_BLD.stride()[:2], *map(_address, outputs)
        )
        self._call("dna_mamba_scan_backward", ready, grads)
        gradients = (
            du_BLD, ddelta_BLD, None if dA_BND is None else _sum_parts(dA_BND)[:, :d_inner].T.contiguous(),
            _sum_parts(dB_KBLN), _sum_parts(dC_KBLN), _channels(dD_BD, d_inner), _channels(dbias_BD, d_inner),
            dz_BLD, dstate_BDN,
        )  # fmt: skip
        return ScanGradients(
            *(g.to(x.dtype) if need and g is not None else None
              for g, x, need in zip(gradients, inputs, needs, strict=False))
        )  # type: ignore[union-attr]  # fmt: skip

    def _call(self, function: str, inputs: ScanInputs, outputs: ctypes.Structure) -> None:
        loaded = library.load()
        assert isinstance(loaded, library.Library), "backends.resolve_backend lets no call through without a library"
        batch, _, d_inner, d_state = inputs.sizes
        run = _Run(
            loaded.isas[self.isa or loaded.best_isa], torch.get_num_threads(), TILE,
            channel_block(batch, d_inner), loaded.parallel,
        )  # fmt: skip
        arguments = _arguments(inputs)
        code = getattr(loaded.handle, function)(ctypes.byref(run), ctypes.byref(arguments), ctypes.byref(outputs))
        if code:
            raise MemoryError(f"{function}: no memory for its workspace") if code == 2 else RuntimeError(function)


def _ready(inputs: ScanInputs) -> ScanInputs:
    """Float32 tensors whose last dimension is contiguous; a copy only of what is not so already."""
    u, delta, A, B, C, D, bias, z, state, *flags = inputs
    return ScanInputs(
        _rows(u), _rows(delta), _dense(A), _rows(B), _rows(C), _dense(D), _dense(bias),
        None if z is None else _rows(z), _dense(state), *flags,
    )  # type: ignore[arg-type]  # fmt: skip


def _rows(x: Tensor) -> Tensor:
    x = x.to(torch.float32)
    return x if x.stride(-1) == 1 or x.shape[-1] == 1 else x.contiguous()


def _dense(x: Tensor | None) -> Tensor | None:
    return None if x is None else x.to(torch.float32).contiguous()


def _arguments(inputs: ScanInputs) -> _Inputs:
    u, delta, A, B, C, D, bias, z, state, softplus, reverse = inputs
    pointers = [_address(x) for x in (u, delta, A, B, C, D, bias, z, state)]
    strides = [s for x in (u, delta, B, C) for s in x.stride()[:2]] + (list(z.stride()[:2]) if z is not None else [0, 0])
    return _Inputs(*inputs.sizes, *pointers, *strides, softplus, reverse)


def _address(x: Tensor | None) -> int | None:
    return None if x is None else x.data_ptr()


def _empty(wanted: bool, *shape: int) -> Tensor | None:
    return torch.empty(shape) if wanted else None


def _sum_parts(parts: Tensor | None) -> Tensor | None:
    if parts is None:
        return None
    return parts[0] if len(parts) == 1 else parts.sum(0)


def _channels(parts_BD: Tensor | None, d_inner: int) -> Tensor | None:
    total_D = _sum_parts(parts_BD)
    return None if total_D is None else total_D[:d_inner].contiguous()
