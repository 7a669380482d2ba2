"""The native selective scan: tensors to plain pointers and strides, and back."""

import ctypes
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from dna_mamba_kernels.native.library import (
    LANES,
    address,
    as_dense,
    as_rows,
    element_type,
    fields,
    loaded,
    padded,
    sum_parts,
)
from dna_mamba_kernels.scan_types import ScanGradients, ScanInputs

TILE = 24
"""Positions per time tile: what the backward recomputes for four states of a group then fits the first-level cache."""

_BACKWARD_SHARES = 4
"""Threads that the backward is divided for. Sums over channels follow its division, so that it must not depend on the
threads there are: every bit of a gradient is the same for any number of them."""

_STRIDED = ("u", "delta", "B", "C", "z", "addend")


class _Inputs(ctypes.Structure):
    _fields_ = (
        fields(int64=("batch", "length", "d_inner", "d_state"))
        + fields(pointers=("u", "delta", "A", "B", "C", "D", "delta_bias", "z", "addend", "initial_state"))
        + fields(int64=[f"{name}_{axis}" for name in _STRIDED for axis in ("sb", "sl")])
        + fields(int64=("delta_softplus", "reverse", "bfloat16"))
    )


class _Outputs(ctypes.Structure):
    _fields_ = fields(pointers=("y", "final_state", "edges"))


class _Grads(ctypes.Structure):
    _fields_ = (
        fields(pointers=("dy", "dfinal_state", "edges"), int64=())
        + fields(int64=("dy_sb", "dy_sl"))
        + fields(pointers=("du", "ddelta", "dz", "daddend", "dB", "dC", "dA", "dD", "ddelta_bias", "dinitial_state"))
    )


def channel_block(batch: int, d_inner: int, threads: int) -> int:
    """Channels per unit of work that finish soonest on so many threads: wide units do less besides their channels."""

    def time(block: int) -> int:
        units = batch * -(-d_inner // block)
        return -(-units // threads) * (min(block, padded(d_inner)) + LANES)

    return min((256, 128, 64, 32, LANES), key=time)


class NativeScan(NamedTuple):
    """The native backend, bound to one instruction set, or to the best this machine has when ``isa`` is None."""

    isa: str | None = None

    def edge_states_shape(self, batch: int, length: int, d_inner: int, d_state: int) -> tuple[int, ...]:
        """Shape of the saved states: the state that enters each tile, tiles in sequence order."""
        return (batch, -(-length // TILE), d_state, padded(d_inner))

    def forward(self, inputs: ScanInputs, *, save_states: bool) -> tuple[Tensor, Tensor, Tensor]:
        """(y, final_state, edge_states); edge_states is empty unless ``save_states``."""
        batch, _, d_inner, d_state = inputs.sizes
        ready = _ready(inputs)
        y_BLD = torch.empty(ready.u_BLD.shape, dtype=ready.u_BLD.dtype)
        final_BDN = torch.empty(batch, d_inner, d_state)
        # Zeros where the padding would otherwise be whatever memory held.
        allocate = torch.empty if d_inner == padded(d_inner) else torch.zeros
        edges = allocate(self.edge_states_shape(*inputs.sizes) if save_states else (0,))
        outputs = _Outputs(y_BLD.data_ptr(), final_BDN.data_ptr(), edges.data_ptr() if save_states else None)
        block = channel_block(batch, d_inner, torch.get_num_threads())
        self._call("dna_mamba_scan_forward", block, ready, outputs)
        return y_BLD.to(inputs.u_BLD.dtype), final_BDN, edges

    def backward(
        self, inputs: ScanInputs, edges: Tensor, dy_BLD: Tensor, dfinal_BDN: Tensor | None, needs: Sequence[bool]
    ) -> ScanGradients:
        """Gradients of the inputs in ``needs``."""
        batch, length, d_inner, d_state = inputs.sizes
        ready = _ready(inputs)
        dtype = ready.u_BLD.dtype
        dy_BLD, dfinal_BDN = as_rows(dy_BLD, dtype), as_dense(dfinal_BDN)
        block = channel_block(batch, d_inner, _BACKWARD_SHARES)
        blocks, channels = -(-d_inner // block), padded(d_inner)
        need_u, need_delta, need_A, need_B, need_C, need_D, need_bias, need_z, need_addend, need_state = needs
        du_BLD, ddelta_BLD = (torch.empty(ready.u_BLD.shape, dtype=dtype) for _ in range(2))
        dz_BLD, daddend_BLD = (_empty(need, *ready.u_BLD.shape, dtype=dtype) for need in (need_z, need_addend))
        # Sums over channels come as one part per block, sums over time as one part per sequence.
        dB_KBLN = _empty(need_B, blocks, batch, length, d_state)
        dC_KBLN = _empty(need_C, blocks, batch, length, d_state)
        dA_BND = _empty(need_A, batch, d_state, channels)
        dD_BD, dbias_BD = _empty(need_D, batch, channels), _empty(need_bias, batch, channels)
        dstate_BDN = _empty(need_state, batch, d_inner, d_state)
        outputs = (du_BLD, ddelta_BLD, dz_BLD, daddend_BLD, dB_KBLN, dC_KBLN, dA_BND, dD_BD, dbias_BD, dstate_BDN)
        grads = _Grads(
            dy_BLD.data_ptr(), address(dfinal_BDN), edges.data_ptr(), *dy_BLD.stride()[:2], *map(address, outputs)
        )
        self._call("dna_mamba_scan_backward", block, ready, grads)
        dA_ND, dD_D, dbias_D = map(sum_parts, (dA_BND, dD_BD, dbias_BD))
        return ScanGradients(
            du_BLD if need_u else None,
            ddelta_BLD if need_delta else None,
            None if dA_ND is None else dA_ND[:, :d_inner].T.contiguous(),
            sum_parts(dB_KBLN),
            sum_parts(dC_KBLN),
            None if dD_D is None else dD_D[:d_inner].contiguous(),
            None if dbias_D is None else dbias_D[:d_inner].contiguous(),
            dz_BLD,
            daddend_BLD,
            dstate_BDN,
        ).cast_like(inputs)

    def _call(self, function: str, block: int, inputs: ScanInputs, outputs: ctypes.Structure) -> None:
        loaded().call(function, self.isa, TILE, block, _arguments(inputs), outputs)


def _ready(inputs: ScanInputs) -> ScanInputs:
    """The same in the layout the kernel reads."""
    A_DN = as_dense(inputs.A_DN)
    assert A_DN is not None
    u_BLD, delta_BLD, B_BLN, C_BLN = inputs.u_BLD, inputs.delta_BLD, inputs.B_BLN, inputs.C_BLN
    dtype = element_type(u_BLD, delta_BLD, B_BLN, C_BLN, inputs.z_BLD, inputs.addend_BLD)
    return ScanInputs(
        as_rows(u_BLD, dtype),
        as_rows(delta_BLD, dtype),
        A_DN,
        as_rows(B_BLN, dtype),
        as_rows(C_BLN, dtype),
        as_dense(inputs.D_D),
        as_dense(inputs.delta_bias_D),
        None if inputs.z_BLD is None else as_rows(inputs.z_BLD, dtype),
        None if inputs.addend_BLD is None else as_rows(inputs.addend_BLD, dtype),
        as_dense(inputs.initial_state_BDN),
        inputs.delta_softplus,
        inputs.reverse,
    )


def _arguments(inputs: ScanInputs) -> _Inputs:
    strided = (inputs.u_BLD, inputs.delta_BLD, inputs.B_BLN, inputs.C_BLN, inputs.z_BLD, inputs.addend_BLD)
    strides = [stride for x in strided for stride in (x.stride()[:2] if x is not None else (0, 0))]
    is_half = inputs.u_BLD.dtype == torch.bfloat16
    flags = (inputs.delta_softplus, inputs.reverse, is_half)
    return _Inputs(*inputs.sizes, *map(address, inputs.tensors), *strides, *flags)


def _empty(wanted: bool, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor | None:
    return torch.empty(shape, dtype=dtype) if wanted else None
