"""One bidirectional Mamba-1 mixer: projections shared by both directions, a convolution and a scan for each.

Two identities make this the published pair of mixers at about half the matrix work: with tied input projections
x and z are the same for both directions and computed once; with tied output projections
``out(y_f * silu(z)) + out(y_r * silu(z)) = out((y_f + y_r) * silu(z))``.
Sizes: B batch, L length, D d_model, I d_inner, N d_state, R dt_rank.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dna_mamba.models.config import ModelConfig
from dna_mamba_kernels import depthwise_conv, linear, selective_scan

DELTA_MIN, DELTA_MAX = 1e-3, 1e-1
_PAD_DELTA = -1e4
"""Softplus of this is exactly 0 in every dtype: a pad leaves the state as it is."""


class DirectionState(NamedTuple):
    """What one direction hands over where a sequence is cut, so that its parts make the whole.

    ``context`` (B, d_conv - 1, I) are the convolution's last inputs in sequence order, ``scan`` (B, I, N) float32 the
    state of the scan.
    """

    context_BKI: Tensor
    scan_BIN: Tensor


class ScanReading(NamedTuple):
    """What a scan reads of its direction's input: ``u`` and ``delta`` (B, L, I), ``B`` and ``C`` (B, L, N).

    ``delta`` is before its bias and softplus, and so low at pads that the softplus is 0.
    """

    u_BLI: Tensor
    delta_BLI: Tensor
    B_BLN: Tensor
    C_BLN: Tensor


class Linear(nn.Linear):
    """Torch's, through the faster of the libraries for float32 products that this machine has."""

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)


class DirectionalScan(nn.Module):
    """Convolution, input-dependent parameters and selective scan in one direction (Gu & Dao 2023, algorithm 2)."""

    def __init__(self, config: ModelConfig, *, reverse: bool) -> None:
        super().__init__()
        d_inner, d_state, dt_rank = config.d_inner, config.d_state, config.dt_rank
        self.reverse, self.split = reverse, (dt_rank, d_state, d_state)
        self.conv_weight = nn.Parameter(torch.empty(d_inner, config.d_conv))
        self.conv_bias = nn.Parameter(torch.empty(d_inner)) if config.conv_bias else None
        self.x_proj = Linear(d_inner, dt_rank + 2 * d_state, bias=False)
        self.dt_proj = Linear(dt_rank, d_inner, bias=False)
        self.dt_bias = nn.Parameter(torch.empty(d_inner))
        self.A_log = nn.Parameter(torch.arange(1, d_state + 1).float().log().repeat(d_inner, 1))
        self.D = nn.Parameter(torch.ones(d_inner))
        self._reset()

    @torch.no_grad()
    def _reset(self) -> None:
        """Convolution as nn.Conv1d; delta log-uniform in [1e-3, 1e-1] after softplus, as in Mamba."""
        bound = 1 / math.sqrt(self.conv_weight.shape[1])
        self.conv_weight.uniform_(-bound, bound)
        if self.conv_bias is not None:
            self.conv_bias.uniform_(-bound, bound)
        nn.init.uniform_(self.dt_proj.weight, -(self.split[0] ** -0.5), self.split[0] ** -0.5)
        log_delta = torch.empty_like(self.dt_bias).uniform_(math.log(DELTA_MIN), math.log(DELTA_MAX))
        delta = log_delta.exp().clamp_(min=1e-4)
        self.dt_bias.copy_(delta + torch.log(-torch.expm1(-delta)))

    def forward(
        self,
        x_BLI: Tensor,
        pad_BL1: Tensor | None = None,
        start: DirectionState | None = None,
        *,
        addend_BLI: Tensor | None = None,
        z_BLI: Tensor | None = None,
    ) -> tuple[Tensor, DirectionState]:
        """(B, L, I) to (B, L, I), from ``start`` (nothing read yet when None) to the state handed on.

        ``pad_BL1`` is True at pads, where ``x_BLI`` must be zero. What comes out is ``(y + addend) * silu(z)``, without
        what is not given.
        """
        context_BKI, state_BIN = (None, None) if start is None else start
        reading = self.read(x_BLI, pad_BL1, context_BKI)
        y_BLI, state_BIN = self.scan(reading, state_BIN, addend_BLI=addend_BLI, z_BLI=z_BLI)
        return y_BLI, DirectionState(self.context_after(x_BLI, context_BKI), state_BIN)

    def read(self, x_BLI: Tensor, pad_BL1: Tensor | None = None, context_BKI: Tensor | None = None) -> ScanReading:
        """What the scan reads of ``x_BLI``, after what was read before it (nothing when None)."""
        u_BLI = depthwise_conv(
            x_BLI, self.conv_weight, self.conv_bias, initial_context=context_BKI, reverse=self.reverse, silu=True
        )
        dt_BLR, B_BLN, C_BLN = self.x_proj(u_BLI).split(self.split, dim=-1)
        delta_BLI = self.dt_proj(dt_BLR)
        if pad_BL1 is not None:
            delta_BLI = delta_BLI.masked_fill(pad_BL1, _PAD_DELTA)
        return ScanReading(u_BLI, delta_BLI, B_BLN, C_BLN)

    def scan(
        self,
        reading: ScanReading,
        state_BIN: Tensor | None = None,
        *,
        addend_BLI: Tensor | None = None,
        z_BLI: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """``(y + addend) * silu(z)`` (B, L, I) from a state (zeros when None), and the state after it (B, I, N)."""
        u_BLI, delta_BLI, B_BLN, C_BLN = reading
        return selective_scan(
            u_BLI,
            delta_BLI,
            self.A_IN,
            B_BLN,
            C_BLN,
            self.D,
            delta_bias=self.dt_bias,
            delta_softplus=True,
            z=z_BLI,
            addend=addend_BLI,
            initial_state=state_BIN,
            reverse=self.reverse,
        )

    @property
    def A_IN(self) -> Tensor:  # noqa: N802 - the paper's symbol
        """(I, N), negative, in float32 at least."""
        return -torch.exp(at_least_float32(self.A_log))

    def context_after(self, x_BLI: Tensor, context_BKI: Tensor | None) -> Tensor:
        """The last ``d_conv - 1`` inputs read: some of an older context's where ``x_BLI`` has fewer."""
        taps, length = self.conv_weight.shape[1] - 1, x_BLI.shape[1]
        if length < taps:
            older = x_BLI.new_zeros(len(x_BLI), taps, x_BLI.shape[2]) if context_BKI is None else context_BKI
            x_BLI = torch.cat([x_BLI, older] if self.reverse else [older, x_BLI], dim=1)
        return x_BLI[:, :taps] if self.reverse else x_BLI[:, x_BLI.shape[1] - taps :]


class Projected(NamedTuple):
    """What each direction reads (x, zero at pads) and what gates it (z), (B, L, I); the same tensors where tied."""

    x_left: Tensor
    z_left: Tensor
    x_right: Tensor
    z_right: Tensor


class BidirectionalMixer(nn.Module):
    """(B, L, D) to (B, L, D): both directions read the whole sequence."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.tied, self.multiplies = config.tied, config.combine == "multiply"
        self.adds = self.tied and not self.multiplies  # both directions' outputs, before one gate and one projection
        self.in_proj = Linear(config.d_model, 2 * config.d_inner, bias=config.proj_bias)
        self.left_to_right = DirectionalScan(config, reverse=False)
        self.right_to_left = DirectionalScan(config, reverse=True)
        self.out_proj = Linear(config.d_inner, config.d_model, bias=config.proj_bias)
        self.in_proj_right: Linear | None = None
        self.out_proj_right: Linear | None = None
        if not config.tied:
            self.in_proj_right = Linear(config.d_model, 2 * config.d_inner, bias=config.proj_bias)
            self.out_proj_right = Linear(config.d_inner, config.d_model, bias=config.proj_bias)
        with torch.no_grad():  # keeps the residual's variance independent of depth, as in GPT-2
            for proj in (self.out_proj, self.out_proj_right):
                if proj is not None:
                    proj.weight /= math.sqrt(config.n_layer)

    def forward(self, h_BLD: Tensor, pad_BL1: Tensor | None = None) -> Tensor:
        """Mix along the length; positions where ``pad_BL1`` is True neither give nor disturb anything."""
        inputs = self.project(h_BLD, pad_BL1)
        from_right_BLI, _ = self.right_to_left(inputs.x_right, pad_BL1)
        return self.join(from_right_BLI, inputs, pad_BL1)[0]

    def project(self, h_BLD: Tensor, pad_BL1: Tensor | None = None, x_right_BLI: Tensor | None = None) -> Projected:
        """The input projections of both directions; without what was ``x_right_BLI`` already, if they share it."""
        if self.in_proj_right is None and x_right_BLI is not None:
            (z_BLI,) = _halves(self.in_proj, h_BLD, slice(1, 2))
            return Projected(x_right_BLI, z_BLI, x_right_BLI, z_BLI)
        x_BLI, z_BLI = _halves(self.in_proj, h_BLD)
        x_BLI = _without(pad_BL1, x_BLI)
        if self.in_proj_right is None:
            return Projected(x_BLI, z_BLI, x_BLI, z_BLI)
        x_right_BLI, z_right_BLI = _halves(self.in_proj_right, h_BLD)
        return Projected(x_BLI, z_BLI, _without(pad_BL1, x_right_BLI), z_right_BLI)

    def project_x_right(self, h_BLD: Tensor, pad_BL1: Tensor | None = None) -> Tensor:
        """What the right-to-left direction reads, without the rest of ``project``; without gradients the same bits."""
        return _without(pad_BL1, _halves(self.in_proj_right or self.in_proj, h_BLD, slice(1))[0])

    def join(
        self,
        from_right_BLI: Tensor,
        inputs: Projected,
        pad_BL1: Tensor | None = None,
        start: DirectionState | None = None,
    ) -> tuple[Tensor, DirectionState]:
        """The left-to-right direction from ``start``; both gated, projected and combined (B, L, D); the state after."""
        addend_BLI = from_right_BLI if self.adds else None
        left_BLI, after = self.left_to_right(inputs.x_left, pad_BL1, start, addend_BLI=addend_BLI, z_BLI=inputs.z_left)
        return self.project_out(left_BLI, None if self.adds else from_right_BLI, inputs.z_right), after

    def project_out(self, left_BLI: Tensor, from_right_BLI: Tensor | None, z_right_BLI: Tensor) -> Tensor:
        """Both outputs gated, projected and combined, (B, L, D); ``left_BLI`` is gated already.

        ``from_right_BLI`` is None where ``adds``: it is in ``left_BLI``.
        """
        left_BLD: Tensor = self.out_proj(left_BLI)
        if from_right_BLI is None:
            return left_BLD if self.out_proj.bias is None else left_BLD + self.out_proj.bias  # each direction's
        right_BLD: Tensor = (self.out_proj_right or self.out_proj)(from_right_BLI * F.silu(z_right_BLI))
        return left_BLD * right_BLD if self.multiplies else left_BLD + right_BLD


def at_least_float32(x: Tensor) -> Tensor:
    """In float32, or in float64 where it has that."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _halves(proj: nn.Linear, h_BLD: Tensor, wanted: slice = slice(None)) -> tuple[Tensor, ...]:
    """Those ``wanted`` of a projection's two halves, each a product of its own: it rounds the same with the other and
    without it, and no gradient of both is put together.
    """
    if type(proj) is not Linear:  # an adapter's weight is not all there is to it
        halves: tuple[Tensor, ...] = proj(h_BLD).chunk(2, dim=-1)
        return halves[wanted]
    biases = (None, None) if proj.bias is None else proj.bias.chunk(2)
    pairs = list(zip(proj.weight.chunk(2), biases, strict=True))[wanted]
    return tuple(linear(h_BLD, weight, bias) for weight, bias in pairs)


def _without(pad_BL1: Tensor | None, x_BLI: Tensor) -> Tensor:
    return x_BLI if pad_BL1 is None else x_BLI.masked_fill(pad_BL1, 0)
