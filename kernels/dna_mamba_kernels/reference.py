"""The recurrences as the paper writes them: slow, readable, and what every faster kernel is tested against."""

import torch
from torch import Tensor
from torch.nn.functional import silu, softplus


def selective_scan_reference(
    u_BLD: Tensor,
    delta_BLD: Tensor,
    A_DN: Tensor,
    B_BLN: Tensor,
    C_BLN: Tensor,
    D_D: Tensor | None = None,
    *,
    delta_bias_D: Tensor | None = None,
    delta_softplus: bool = False,
    z_BLD: Tensor | None = None,
    addend_BLD: Tensor | None = None,
    initial_state_BDN: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, Tensor]:
    """h_t = exp(delta_t A) h_{t-1} + delta_t B_t u_t,  y_t = C_t h_t + D u_t  (Gu & Dao 2023, eq. 2, algorithm 2).

    Works in any floating dtype and is differentiated by plain autograd. ``reverse`` reads ``h_{t+1}`` where
    the formula says ``h_{t-1}``. Returns ``y`` (batch, length, d_inner) and the state after the last position
    read (batch, d_inner, d_state); both in the promoted dtype of the inputs.
    """
    if delta_bias_D is not None:
        delta_BLD = delta_BLD + delta_bias_D
    if delta_softplus:
        delta_BLD = softplus(delta_BLD)
    h_BDN = initial_state_BDN
    if h_BDN is None:
        h_BDN = u_BLD.new_zeros(u_BLD.shape[0], *A_DN.shape, dtype=torch.promote_types(u_BLD.dtype, A_DN.dtype))
    length = u_BLD.shape[1]
    y_of: dict[int, Tensor] = {}
    for t in reversed(range(length)) if reverse else range(length):
        delta_BD = delta_BLD[:, t]
        h_BDN = torch.exp(delta_BD[..., None] * A_DN) * h_BDN
        h_BDN = h_BDN + (delta_BD * u_BLD[:, t])[..., None] * B_BLN[:, t, None]
        y_of[t] = (h_BDN * C_BLN[:, t, None]).sum(-1)
    y_BLD = torch.stack([y_of[t] for t in range(length)], dim=1) if length else u_BLD * 1
    if D_D is not None:
        y_BLD = y_BLD + D_D * u_BLD
    if addend_BLD is not None:
        y_BLD = y_BLD + addend_BLD
    if z_BLD is not None:
        y_BLD = y_BLD * silu(z_BLD)
    return y_BLD, h_BDN


def depthwise_conv_reference(
    x_BLD: Tensor,
    weight_DK: Tensor,
    bias_D: Tensor | None = None,
    *,
    initial_context_BKD: Tensor | None = None,
    reverse: bool = False,
    activation: bool = True,
) -> Tensor:
    """y_t = sum_k w[k] x_{t-K+1+k}, or sum_k w[k] x_{t+K-1-k} for ``reverse``; then SiLU if ``activation``.

    ``initial_context_BKD`` holds the K - 1 positions just outside the sequence, in sequence order, on the side
    the convolution reads from (left, or right for ``reverse``); zeros when None.
    """
    batch, length, channels = x_BLD.shape
    taps = weight_DK.shape[1]
    if initial_context_BKD is None:
        initial_context_BKD = x_BLD.new_zeros(batch, taps - 1, channels)
    sides = (x_BLD, initial_context_BKD) if reverse else (initial_context_BKD, x_BLD)
    padded_BLD = torch.cat(sides, dim=1)
    y_BLD = torch.zeros_like(x_BLD)
    for k in range(taps):
        offset = taps - 1 - k if reverse else k
        y_BLD = y_BLD + weight_DK[:, k] * padded_BLD[:, offset : offset + length]
    if bias_D is not None:
        y_BLD = y_BLD + bias_D
    return silu(y_BLD) if activation else y_BLD
