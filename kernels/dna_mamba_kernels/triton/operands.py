"""What the scan's kernels take besides their rows: decay rates, rows and columns of B and C, states."""

import torch
from torch import Tensor

from dna_mamba_kernels.triton.layout import Rows, rows

LOG2_E = 1.4426950408889634


def decay_rates(A_DN: Tensor) -> Tensor:
    """A log2(e), float32 (d_state, d_inner), so that decays are powers of two."""
    return (A_DN.float() * LOG2_E).T.contiguous()


def paired_rows(x_BLN: Tensor, reverse: bool) -> Rows:
    """B or C in scan order for loads of two states: float32, an even number of them, strides in pairs.

    Nothing is copied where that is what there is.
    """
    x_BLN = x_BLN.float()
    if x_BLN.shape[2] % 2:
        x_BLN = torch.nn.functional.pad(x_BLN, (0, 1))
    dense = x_BLN.stride(2) == 1 and x_BLN.stride(1) % 2 == x_BLN.stride(0) % 2 == 0 and x_BLN.data_ptr() % 8 == 0
    return rows(x_BLN if dense else x_BLN.contiguous(), reverse).counted(2)


def padded_columns(x_BLN: Tensor, edge: int, reverse: bool) -> Tensor:
    """B or C in scan order, float32 (batch, d_state, length), with zeros past the end up to a multiple of ``edge``."""
    batch, length, d_state = x_BLN.shape
    padded = -(-length // edge) * edge
    columns_BNL = x_BLN.new_empty(batch, d_state, padded, dtype=torch.float32)
    columns_BNL[..., :length].copy_((x_BLN.flip(1) if reverse else x_BLN).transpose(1, 2))
    columns_BNL[..., length:].zero_()
    return columns_BNL


def unpadded_rows(x_BNL: Tensor, length: int, reverse: bool) -> Tensor:
    """Columns in scan order back to (batch, length, d_state) in the sequence's."""
    x_BLN = x_BNL[..., :length].transpose(1, 2)
    return x_BLN.flip(1).contiguous() if reverse else x_BLN.clone(memory_format=torch.contiguous_format)


def states_first(x_BDN: Tensor | None, A_ND: Tensor, batch: int) -> Tensor:
    """(1, batch, d_state, d_inner), lanes along channels; zeros for None. It may be written to."""
    if x_BDN is None:
        return A_ND.new_zeros(1, batch, *A_ND.shape)
    return x_BDN.float().transpose(1, 2).clone(memory_format=torch.contiguous_format)[None]
