"""The scan's forward pass: tensors to pointers, strides and workspaces."""

import torch
from torch import Tensor

from dna_mamba_kernels.scan_types import ScanInputs
from dna_mamba_kernels.triton import scan_forward_kernels as kernels
from dna_mamba_kernels.triton import tiling
from dna_mamba_kernels.triton.layout import dense, on_its_device, rows
from dna_mamba_kernels.triton.operands import decay_rates, paired_rows, states_first
from dna_mamba_kernels.triton.tiling import Tiling

TILE_D: int = kernels.TILE_D.value


@on_its_device
def forward(inputs: ScanInputs, *, save_states: bool) -> tuple[Tensor, Tensor, Tensor]:
    """(y, final_state, edge_states); edge_states is empty unless ``save_states``."""
    batch, length, d_inner, d_state = inputs.sizes
    cut = tiling.tiling(length)
    y_BLD = torch.empty_like(inputs.u_BLD, memory_format=torch.contiguous_format)
    final_BDN = y_BLD.new_empty(batch, d_inner, d_state, dtype=torch.float32)
    shape = _edges_shape(batch, length, d_inner, d_state, cut) if save_states else (0,)
    # Channels that fill up the last tile are never written.
    edges_EBTNW = final_BDN.new_empty(shape) if d_inner % TILE_D == 0 else final_BDN.new_zeros(shape)
    if y_BLD.numel() == 0:
        return y_BLD, _unread(inputs.initial_state_BDN, final_BDN), edges_EBTNW
    A_ND = decay_rates(inputs.A_DN)
    entering_PBND = states_first(inputs.initial_state_BDN, A_ND, batch)
    if cut.count(length) > 1:
        entering_PBND = pass_states(inputs, A_ND, cut, entering_PBND, None)
    chunks, block = cut.count(length), tiling.scan_block(d_state)
    kernels.scan_kernel[(batch * chunks * -(-d_inner // block),)](
        *rows(inputs.u_BLD, inputs.reverse), *rows(inputs.delta_BLD, inputs.reverse),
        *rows(inputs.z_BLD, inputs.reverse), *rows(inputs.addend_BLD, inputs.reverse), *rows(y_BLD, inputs.reverse),
        A_ND, *paired_rows(inputs.B_BLN, inputs.reverse), *paired_rows(inputs.C_BLN, inputs.reverse),
        dense(inputs.D_D), dense(inputs.delta_bias_D), entering_PBND, edges_EBTNW if save_states else None, final_BDN,
        batch, length, d_inner, chunks, cut.chunk,
        N=d_state, EDGE=cut.edge, UNROLL=tiling.scan_unroll(cut, d_state), BLOCK_D=block,
        SOFTPLUS=inputs.delta_softplus, num_warps=1, maxnreg=tiling.scan_registers(d_state), enable_fp_fusion=True,
    )  # fmt: skip
    return y_BLD, final_BDN, edges_EBTNW


def edge_states_shape(batch: int, length: int, d_inner: int, d_state: int) -> tuple[int, ...]:
    """Shape of the saved states: the state that enters every ``edge`` steps, in scan order."""
    return _edges_shape(batch, length, d_inner, d_state, tiling.tiling(length))


def _edges_shape(batch: int, length: int, d_inner: int, d_state: int, cut: Tiling) -> tuple[int, ...]:
    return (-(-length // cut.edge), batch, -(-d_inner // TILE_D), d_state, TILE_D)


def _unread(initial_BDN: Tensor | None, final_BDN: Tensor) -> Tensor:
    """The final state of a scan over no position: the initial one."""
    return final_BDN.zero_() if initial_BDN is None else final_BDN.copy_(initial_BDN)


def pass_states(inputs: ScanInputs, A_ND: Tensor, cut: Tiling, first_PBND: Tensor, dy_BLD: Tensor | None) -> Tensor:
    """The state that enters each chunk (chunks, batch, d_state, d_inner); the adjoint, where ``dy_BLD`` is given.

    ``first_PBND`` (1, batch, d_state, d_inner) enters the first chunk, or the last where it is the adjoint.
    """
    batch, length, d_inner, d_state = inputs.sizes
    adjoint = dy_BLD is not None
    chunks, block = cut.count(length), tiling.scan_block(d_state)
    end_PBND = A_ND.new_empty(chunks, batch, d_state, d_inner)
    sum_PBD = A_ND.new_empty(chunks, batch, d_inner)
    # Nothing follows the last chunk (for the adjoint: the first), whose summary is not asked for.
    kernels.summary_kernel[(batch * (chunks - 1) * -(-d_inner // block),)](
        *rows(dy_BLD if adjoint else inputs.u_BLD, inputs.reverse), *rows(inputs.delta_BLD, inputs.reverse),
        *rows(inputs.z_BLD if adjoint else None, inputs.reverse), A_ND,
        *paired_rows(inputs.C_BLN if adjoint else inputs.B_BLN, inputs.reverse), dense(inputs.delta_bias_D),
        end_PBND, sum_PBD, batch, length, d_inner, chunks - 1, cut.chunk, int(adjoint),
        N=d_state, UNROLL=tiling.scan_unroll(cut, d_state), BLOCK_D=block, SOFTPLUS=inputs.delta_softplus,
        ADJOINT=adjoint, num_warps=1, maxnreg=tiling.scan_registers(d_state), enable_fp_fusion=True,
    )  # fmt: skip
    entering_PBND = torch.empty_like(end_PBND)
    block = tiling.COMBINE_BLOCK
    kernels.combine_kernel[(batch * d_state * -(-d_inner // block),)](
        end_PBND, sum_PBD, A_ND, first_PBND, entering_PBND, batch, d_inner, chunks,
        N=d_state, BLOCK_D=block, AHEAD=8, ADJOINT=adjoint, num_warps=block // 32, enable_fp_fusion=True,
    )  # fmt: skip
    return entering_PBND
