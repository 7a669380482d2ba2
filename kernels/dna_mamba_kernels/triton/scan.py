"""The Triton scan: tensors to pointers, strides and workspaces, and back. See the kernels for how work is split."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from dna_mamba_kernels.scan_types import ScanGradients, ScanInputs
from dna_mamba_kernels.triton import scan_backward_kernel as backward_kernels
from dna_mamba_kernels.triton import scan_forward_kernels as forward_kernels
from dna_mamba_kernels.triton.layout import dense, on_its_device, power_of_two, rows

TILE_D: int = forward_kernels.TILE_D.value
LOG2_E = 1.4426950408889634
GRADIENT_REGISTERS = 168
"""A thread's limit: three blocks of four warps share a multiprocessor; fewer spill inside the loop over states."""


class Tiling(NamedTuple):
    """How work is cut. Chunks depend on the length alone: a sequence does not depend on its batch mates."""

    chunk: int
    """Steps a program walks; a multiple of ``edge``, as long as the sequence if no program shares it."""
    edge: int = 16
    """Steps between the states kept for the backward; a power of two."""
    unroll: int = 4
    """Steps whose loads are in flight at once."""

    def count(self, length: int) -> int:
        """Chunks of a sequence."""
        return -(-length // self.chunk)


def tiling(length: int) -> Tiling:
    """Up to 512 steps at once; beyond, chunks of about half the square root of the length, so that one long sequence
    fills a card and the walk over chunks stays short.
    """
    chunk = 1 << max(0, length - 1).bit_length()
    if length > 512:
        chunk = min(1024, max(64, 1 << ((length.bit_length() + 1) // 2 - 1)))
    return Tiling(max(16, chunk))


class Operands(NamedTuple):
    """What every kernel of one scan takes, in scan order, and its sizes."""

    A_ND: Tensor
    """A log2(e), so that decays are powers of two."""
    B_BLN: Tensor
    C_BLN: Tensor
    batch: int
    length: int
    d_inner: int
    d_state: int

    @property
    def sizes(self) -> tuple[int, int, int]:
        """(batch, length, d_inner), as the kernels take them."""
        return self.batch, self.length, self.d_inner


@on_its_device
def forward(inputs: ScanInputs, *, save_states: bool) -> tuple[Tensor, Tensor, Tensor]:
    """(y, final_state, edge_states); edge_states is empty unless ``save_states``."""
    batch, length, d_inner, d_state = inputs.sizes
    cut = tiling(length)
    y_BLD = torch.empty_like(inputs.u_BLD, memory_format=torch.contiguous_format)
    final_BDN = y_BLD.new_zeros(batch, d_inner, d_state, dtype=torch.float32)
    shape = _edges_shape(batch, length, d_inner, d_state, cut) if save_states else (0,)
    # Channels that fill up the last tile are never written.
    edges_EBTNW = final_BDN.new_empty(shape) if d_inner % TILE_D == 0 else final_BDN.new_zeros(shape)
    if y_BLD.numel() == 0:
        if inputs.initial_state_BDN is not None:
            final_BDN.copy_(inputs.initial_state_BDN)
        return y_BLD, final_BDN, edges_EBTNW
    operands = _operands(inputs)
    entering_PBND = _states_first(inputs.initial_state_BDN)
    if cut.count(length) > 1:
        entering_PBND = _pass_states(
            inputs, operands, cut, inputs.u_BLD, None, operands.B_BLN, entering_PBND, adjoint=False
        )
    block = _scan_block(d_inner, d_state)
    chunks = cut.count(length)
    B_BLN, C_BLN = (_padded_rows(x, cut.edge) for x in (operands.B_BLN, operands.C_BLN))
    forward_kernels.scan_kernel[(batch * chunks * -(-d_inner // block),)](
        *rows(inputs.u_BLD, inputs.reverse), *rows(inputs.delta_BLD, inputs.reverse),
        *rows(inputs.z_BLD, inputs.reverse), *rows(inputs.addend_BLD, inputs.reverse), *rows(y_BLD, inputs.reverse),
        operands.A_ND, B_BLN, C_BLN, dense(inputs.D_D), dense(inputs.delta_bias_D),
        entering_PBND, edges_EBTNW if save_states else None, final_BDN, *operands.sizes, chunks, B_BLN.shape[1],
        N=d_state, CHUNK=cut.chunk, EDGE=cut.edge, UNROLL=_unroll(cut, d_state), BLOCK_D=block,
        SOFTPLUS=inputs.delta_softplus, num_warps=1, enable_fp_fusion=True,
    )  # fmt: skip
    return y_BLD, final_BDN, edges_EBTNW


@on_its_device
def backward(
    inputs: ScanInputs,
    edges: Tensor,
    dy_BLD: Tensor,
    dfinal_BDN: Tensor | None,
    needs: Sequence[bool],
) -> ScanGradients:
    """Gradients by the adjoint recurrence; the same chunks as the forward, from last to first."""
    batch, length, d_inner, d_state = inputs.sizes
    cut = tiling(length)
    if inputs.u_BLD.numel() == 0:
        return _empty_gradients(inputs, dfinal_BDN, needs)
    needed = dict(zip(ScanGradients._fields, needs, strict=True))
    operands = _operands(inputs)
    chunks = cut.count(length)
    adjoint_PBND = _states_first(dfinal_BDN)
    if chunks > 1:
        adjoint_PBND = _pass_states(
            inputs, operands, cut, dy_BLD, inputs.z_BLD, operands.C_BLN, adjoint_PBND, adjoint=True
        )
    elif adjoint_PBND is None:
        adjoint_PBND = operands.A_ND.new_zeros(1, batch, d_state, d_inner)
    block = _gradient_block(d_inner)
    blocks = -(-d_inner // block)
    B_BNL, C_BNL = (_padded_columns(x, cut.edge) for x in (operands.B_BLN, operands.C_BLN))
    du_BLD = torch.empty_like(inputs.u_BLD, memory_format=torch.contiguous_format)
    ddelta_BLD = torch.empty_like(inputs.delta_BLD, memory_format=torch.contiguous_format)
    dz_BLD, daddend_BLD = (
        torch.empty_like(x, memory_format=torch.contiguous_format) if x is not None and needed[name] else None
        for name, x in (("z_BLD", inputs.z_BLD), ("addend_BLD", inputs.addend_BLD))
    )
    dA_PBND = torch.zeros_like(adjoint_PBND)
    dD_PBD, dbias_PBD = (operands.A_ND.new_empty(chunks, batch, d_inner) for _ in range(2))
    dBC_K2BNL = operands.A_ND.new_empty(blocks, 2, *B_BNL.shape) if needed["B_BLN"] or needed["C_BLN"] else None
    backward_kernels.gradient_kernel[(batch * chunks * blocks,)](
        *rows(inputs.u_BLD, inputs.reverse), *rows(inputs.delta_BLD, inputs.reverse),
        *rows(inputs.z_BLD, inputs.reverse), *rows(inputs.addend_BLD, inputs.reverse), *rows(dy_BLD, inputs.reverse),
        operands.A_ND, B_BNL, C_BNL, dense(inputs.D_D), dense(inputs.delta_bias_D), edges, adjoint_PBND,
        *rows(du_BLD, inputs.reverse)[:1], *rows(ddelta_BLD, inputs.reverse)[:1], *rows(dz_BLD, inputs.reverse)[:1],
        *rows(daddend_BLD, inputs.reverse)[:1], *rows(du_BLD, inputs.reverse)[1:],
        dA_PBND, dBC_K2BNL, dD_PBD, dbias_PBD,
        *operands.sizes, chunks, B_BNL.shape[2], d_state,
        CHUNK=cut.chunk, EDGE=cut.edge, BLOCK_D=block, SOFTPLUS=inputs.delta_softplus,
        num_warps=max(1, block // 32), maxnreg=GRADIENT_REGISTERS, enable_fp_fusion=True,
    )  # fmt: skip
    dB_BLN, dC_BLN = (None, None) if dBC_K2BNL is None else _unpadded_rows(dBC_K2BNL.sum(0), length, inputs.reverse)
    found = (
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
    )
    return _as_asked(found, inputs, needs)


def edge_states_shape(batch: int, length: int, d_inner: int, d_state: int) -> tuple[int, ...]:
    """Shape of the saved states: the state that enters every ``edge`` steps, in scan order."""
    return _edges_shape(batch, length, d_inner, d_state, tiling(length))


def _edges_shape(batch: int, length: int, d_inner: int, d_state: int, cut: Tiling) -> tuple[int, ...]:
    return (-(-length // cut.edge), batch, -(-d_inner // TILE_D), d_state, TILE_D)


def _pass_states(
    inputs: ScanInputs,
    operands: Operands,
    cut: Tiling,
    x_BLD: Tensor,
    z_BLD: Tensor | None,
    rows_BLN: Tensor,
    initial_PBND: Tensor | None,
    *,
    adjoint: bool,
) -> Tensor:
    """The state, or the adjoint, that enters each chunk (chunks, batch, d_state, d_inner)."""
    batch, length, d_inner, d_state = inputs.sizes
    chunks = cut.count(length)
    A_ND = operands.A_ND
    rows_BLN = _padded_rows(rows_BLN, cut.edge)
    end_PBND = A_ND.new_empty(chunks, batch, d_state, d_inner)
    sum_PBD = A_ND.new_empty(chunks, batch, d_inner)
    block = _scan_block(d_inner, d_state)
    # Nothing follows the last chunk (for the adjoint: the first), whose summary is not asked for.
    forward_kernels.summary_kernel[(batch * (chunks - 1) * -(-d_inner // block),)](
        *rows(x_BLD, inputs.reverse), *rows(inputs.delta_BLD, inputs.reverse), *rows(z_BLD, inputs.reverse),
        A_ND, rows_BLN, dense(inputs.delta_bias_D), end_PBND, sum_PBD,
        *operands.sizes, chunks - 1, rows_BLN.shape[1], int(adjoint),
        N=d_state, CHUNK=cut.chunk, UNROLL=_unroll(cut, d_state), BLOCK_D=block,
        SOFTPLUS=inputs.delta_softplus, ADJOINT=adjoint, num_warps=1, enable_fp_fusion=True,
    )  # fmt: skip
    entering_PBND = torch.empty_like(end_PBND)
    block = min(128, power_of_two(d_inner))
    forward_kernels.combine_kernel[(batch * d_state * -(-d_inner // block),)](
        end_PBND, sum_PBD, A_ND, initial_PBND, entering_PBND, batch, d_inner, chunks,
        N=d_state, BLOCK_D=block, AHEAD=8, ADJOINT=adjoint, num_warps=max(1, block // 32), enable_fp_fusion=True,
    )  # fmt: skip
    return entering_PBND


def _scan_block(d_inner: int, d_state: int) -> int:
    """Channels of a one-warp program: two a thread while their states and A fit its registers."""
    return min(64 if d_state <= 16 else 32, max(32, power_of_two(d_inner)))


def _unroll(cut: Tiling, d_state: int) -> int:
    """Fewer steps at once for more states: beyond, the code outgrows its cache and takes minutes to compile."""
    return min(cut.unroll, 4 if d_state <= 16 else 2 if d_state <= 32 else 1)


def _gradient_block(d_inner: int) -> int:
    """One channel a thread; wide, because each block writes its own part of dB and dC."""
    return min(128, max(32, power_of_two(d_inner)))


def _operands(inputs: ScanInputs) -> Operands:
    B_BLN, C_BLN = (x.flip(1) if inputs.reverse else x for x in (inputs.B_BLN, inputs.C_BLN))
    A_ND = (inputs.A_DN.float() * LOG2_E).T.contiguous()
    return Operands(A_ND, B_BLN.float(), C_BLN.float(), *inputs.sizes)


def _padded_rows(x_BLN: Tensor, edge: int) -> Tensor:
    """An even number of states, for loads of two; zeros past the end, where steps are masked but B and C are read."""
    return torch.nn.functional.pad(x_BLN, (0, x_BLN.shape[2] % 2, 0, -x_BLN.shape[1] % edge)).contiguous()


def _padded_columns(x_BLN: Tensor, edge: int) -> Tensor:
    """(batch, d_state, length) with the length a multiple of ``edge``, zeros past the end."""
    return torch.nn.functional.pad(x_BLN.transpose(1, 2), (0, -x_BLN.shape[1] % edge)).contiguous()


def _unpadded_rows(x_2BNL: Tensor, length: int, reverse: bool) -> tuple[Tensor, Tensor]:
    x_2BLN = x_2BNL[..., :length].transpose(2, 3)
    dB_BLN, dC_BLN = (x.flip(1) if reverse else x.clone(memory_format=torch.contiguous_format) for x in x_2BLN)
    return dB_BLN, dC_BLN


def _states_first(x_BDN: Tensor | None) -> Tensor | None:
    """(1, batch, d_state, d_inner): the state of one chunk, lanes along channels. A copy: it may be written to."""
    return None if x_BDN is None else x_BDN.float().transpose(1, 2).clone(memory_format=torch.contiguous_format)[None]


def _empty_gradients(inputs: ScanInputs, dfinal_BDN: Tensor | None, needs: Sequence[bool]) -> ScanGradients:
    """Of a scan over no position: the final state is the initial one."""
    found = [None if x is None else torch.zeros_like(x, dtype=torch.float32) for x in inputs.tensors]
    if dfinal_BDN is not None and found[-1] is not None:
        found[-1].copy_(dfinal_BDN)
    return _as_asked(found, inputs, needs)


def _as_asked(found: Sequence[Tensor | None], inputs: ScanInputs, needs: Sequence[bool]) -> ScanGradients:
    """Contiguous, in the dtypes of the inputs, and only those asked for."""
    wanted = (None if g is None or not need else g.contiguous() for g, need in zip(found, needs, strict=True))
    return ScanGradients(*wanted).cast_like(inputs)
