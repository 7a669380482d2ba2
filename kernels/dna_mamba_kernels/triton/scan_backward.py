"""The scan's backward pass by the adjoint recurrence; the same chunks as the forward, from last to first."""

from collections.abc import Sequence

import torch
from torch import Tensor

from dna_mamba_kernels.scan_types import ScanGradients, ScanInputs
from dna_mamba_kernels.triton import scan_backward_kernel as kernels
from dna_mamba_kernels.triton import tiling
from dna_mamba_kernels.triton.layout import dense, on_its_device, rows
from dna_mamba_kernels.triton.operands import decay_rates, padded_columns, states_first, unpadded_rows
from dna_mamba_kernels.triton.scan_forward import pass_states
from dna_mamba_kernels.triton.tiling import Tiling


@on_its_device
def backward(
    inputs: ScanInputs,
    edges: Tensor,
    dy_BLD: Tensor,
    dfinal_BDN: Tensor | None,
    needs: Sequence[bool],
) -> ScanGradients:
    """Gradients of the inputs in ``needs``, contiguous and in their dtypes."""
    if inputs.u_BLD.numel() == 0:
        return _as_asked(_of_nothing(inputs, dfinal_BDN), inputs, needs)
    cut = tiling.tiling(inputs.sizes[1])
    return _as_asked(_gradients(inputs, cut, edges, dy_BLD, dfinal_BDN, needs), inputs, needs)


def _gradients(
    inputs: ScanInputs,
    cut: Tiling,
    edges: Tensor,
    dy_BLD: Tensor,
    dfinal_BDN: Tensor | None,
    needs: Sequence[bool],
) -> list[Tensor | None]:
    batch, length, d_inner, d_state = inputs.sizes
    needed = dict(zip(ScanGradients._fields, needs, strict=True))
    A_ND = decay_rates(inputs.A_DN)
    chunks, block = cut.count(length), tiling.GRADIENT_BLOCK
    adjoint_PBND = states_first(dfinal_BDN, A_ND, batch)
    if chunks > 1:
        adjoint_PBND = pass_states(inputs, A_ND, cut, adjoint_PBND, dy_BLD)
    blocks = -(-d_inner // block)
    B_BNL, C_BNL = (padded_columns(x, cut.edge, inputs.reverse) for x in (inputs.B_BLN, inputs.C_BLN))
    asked = (inputs.z_BLD if needed["z_BLD"] else None, inputs.addend_BLD if needed["addend_BLD"] else None)
    du_BLD, ddelta_BLD, dz_BLD, daddend_BLD = (_unwritten(x) for x in (inputs.u_BLD, inputs.delta_BLD, *asked))
    outputs = [rows(x, inputs.reverse) for x in (du_BLD, ddelta_BLD, dz_BLD, daddend_BLD)]
    dA_PBND = torch.zeros_like(adjoint_PBND)
    dD_PBD, dbias_PBD = (A_ND.new_empty(chunks, batch, d_inner) for _ in range(2))
    dBC_K2BNL = A_ND.new_empty(blocks, 2, *B_BNL.shape) if needed["B_BLN"] or needed["C_BLN"] else None
    kernels.gradient_kernel[(batch * chunks * blocks,)](
        *rows(inputs.u_BLD, inputs.reverse), *rows(inputs.delta_BLD, inputs.reverse),
        *rows(inputs.z_BLD, inputs.reverse), *rows(inputs.addend_BLD, inputs.reverse), *rows(dy_BLD, inputs.reverse),
        A_ND, B_BNL, C_BNL, dense(inputs.D_D), dense(inputs.delta_bias_D), edges, adjoint_PBND,
        *(x.first for x in outputs), outputs[0].batch, outputs[0].row, dA_PBND, dBC_K2BNL, dD_PBD, dbias_PBD,
        batch, length, d_inner, chunks, cut.chunk, B_BNL.shape[2] // 2, d_state,
        EDGE=cut.edge, BLOCK_D=block, SOFTPLUS=inputs.delta_softplus,
        num_warps=block // 32, maxnreg=tiling.gradient_registers(dz_BLD is not None), enable_fp_fusion=True,
    )  # fmt: skip
    dBC_2BNL = (None, None) if dBC_K2BNL is None else dBC_K2BNL.sum(0)
    dB_BLN, dC_BLN = (None if x is None else unpadded_rows(x, length, inputs.reverse) for x in dBC_2BNL)
    return [
        du_BLD,
        ddelta_BLD,
        dA_PBND.sum((0, 1)).T,
        dB_BLN,
        dC_BLN,
        dD_PBD.sum((0, 1)),
        dbias_PBD.sum((0, 1)),
        dz_BLD,
        daddend_BLD,
        adjoint_PBND[0].transpose(1, 2),
    ]


def _unwritten(x_BLD: Tensor | None) -> Tensor | None:
    return None if x_BLD is None else torch.empty_like(x_BLD, memory_format=torch.contiguous_format)


def _of_nothing(inputs: ScanInputs, dfinal_BDN: Tensor | None) -> list[Tensor | None]:
    """Of a scan over no position: the final state is the initial one."""
    found = [None if x is None else torch.zeros_like(x, dtype=torch.float32) for x in inputs.tensors]
    if dfinal_BDN is not None and found[-1] is not None:
        found[-1].copy_(dfinal_BDN)
    return found


def _as_asked(found: Sequence[Tensor | None], inputs: ScanInputs, needs: Sequence[bool]) -> ScanGradients:
    wanted = (None if g is None or not need else g.contiguous() for g, need in zip(found, needs, strict=True))
    return ScanGradients(*wanted).cast_like(inputs)
