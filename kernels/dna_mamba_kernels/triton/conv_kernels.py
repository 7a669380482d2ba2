# ruff: noqa: RUF005, B007 (triton knows no starred tuples and no underscored loop variables)
# mypy: disable-error-code="untyped-decorator,no-untyped-def,no-untyped-call,assignment"
"""The depthwise convolution: tiles of steps by channels, every tap a shifted load that the first-level cache serves.

Steps count in scan order, as in the scan's kernels; the steps before the first are the initial context.
"""

import triton
import triton.language as tl

from dna_mamba_kernels.triton.math import silu, silu_slope
from dna_mamba_kernels.triton.scan_forward_kernels import load_channel


@triton.jit
def load_inputs(x, x_row, context, context_row, step, length, d, d_mask, TAPS: tl.constexpr):
    """Positions ``step`` (T, 1) of channels ``d`` (1, D), in float32; zero outside the sequence and its context."""
    limit = tl.where(d_mask, length, 0)
    value = tl.load(x + step * x_row + d, mask=(step >= 0) & (step < limit), other=0.0).to(tl.float32)
    if context is not None:
        before = step + (TAPS - 1)
        inside = (before >= 0) & (before < tl.where(d_mask, TAPS - 1, 0))
        value += tl.load(context + before * context_row + d, mask=inside, other=0.0).to(tl.float32)
    return value


@triton.jit
def convolve(x, x_row, context, context_row, weight_KD, bias, step, length, channels, d, d_mask, TAPS: tl.constexpr):
    """The convolution before its SiLU."""
    total = load_channel(bias, d, d_mask) + step * 0.0
    for k in tl.static_range(TAPS):
        tap = tl.load(weight_KD + k * channels + d, mask=d_mask, other=0.0)
        total += tap * load_inputs(x, x_row, context, context_row, step - (TAPS - 1) + k, length, d, d_mask, TAPS)
    return total


@triton.jit
def forward_kernel(
    x, x_batch, x_row, context, context_batch, context_row, weight_KD, bias, y, y_batch, y_row,
    length, channels, tiles,
    TAPS: tl.constexpr, SILU: tl.constexpr, STEPS: tl.constexpr, BLOCK_D: tl.constexpr,
):  # fmt: skip
    """The output of one tile."""
    blocks = tl.cdiv(channels, BLOCK_D)
    pid = tl.program_id(0).to(tl.int64)
    d = ((pid % blocks) * BLOCK_D + tl.arange(0, BLOCK_D))[None, :]
    step = ((pid // blocks) % tiles * STEPS + tl.arange(0, STEPS))[:, None]
    b = pid // (blocks * tiles)
    d_mask = d < channels
    if context is not None:
        context += b * context_batch
    total = convolve(
        x + b * x_batch, x_row, context, context_row, weight_KD, bias, step, length, channels, d, d_mask, TAPS
    )
    if SILU:
        total = silu(total)
    mask = step < tl.where(d_mask, length, 0)
    tl.store(y + b * y_batch + step * y_row + d, total.to(y.dtype.element_ty), mask=mask)


@triton.jit
def output_gradient_kernel(
    x, x_batch, x_row, context, context_batch, context_row, weight_KD, bias, dy, dy_batch, dy_row,
    dpre_BLD, parts_PBKD, batch, length, channels, tiles,
    TAPS: tl.constexpr, SILU: tl.constexpr, STEPS: tl.constexpr, BLOCK_D: tl.constexpr, LOOPS: tl.constexpr,
):  # fmt: skip
    """The gradient before the SiLU, and this tile's part of the gradients of the taps and, after them, of the bias."""
    blocks = tl.cdiv(channels, BLOCK_D)
    pid = tl.program_id(0).to(tl.int64)
    d = ((pid % blocks) * BLOCK_D + tl.arange(0, BLOCK_D))[None, :]
    tile = (pid // blocks) % tiles
    b = pid // (blocks * tiles)
    d_mask = d < channels
    x += b * x_batch
    if context is not None:
        context += b * context_batch
    sums = ()
    for k in tl.static_range(TAPS + 1):
        sums = sums + (tl.full((STEPS, BLOCK_D), 0, tl.float32),)
    for i in range(0, LOOPS):
        step = ((tile * LOOPS + i) * STEPS + tl.arange(0, STEPS))[:, None]
        mask = step < tl.where(d_mask, length, 0)
        dpre = tl.load(dy + b * dy_batch + step * dy_row + d, mask=mask, other=0.0).to(tl.float32)
        if SILU:
            dpre *= silu_slope(
                convolve(x, x_row, context, context_row, weight_KD, bias, step, length, channels, d, d_mask, TAPS)
            )
        tl.store(dpre_BLD + (b * length + step) * channels + d, dpre, mask=mask)
        new = ()
        for k in tl.static_range(TAPS):
            value = load_inputs(x, x_row, context, context_row, step - (TAPS - 1) + k, length, d, d_mask, TAPS)
            new = new + (sums[k] + dpre * value,)
        sums = new + (sums[TAPS] + dpre,)
    for k in tl.static_range(TAPS + 1):
        place = ((tile * batch + b) * (TAPS + 1) + k) * channels
        tl.store(parts_PBKD + place + d, tl.sum(sums[k], axis=0)[None, :], mask=d_mask)


@triton.jit
def input_gradient_kernel(
    dpre_BLD, weight_KD, dx, dx_batch, dx_row, dcontext, dcontext_batch, dcontext_row, length, channels, tiles,
    TAPS: tl.constexpr, STEPS: tl.constexpr, BLOCK_D: tl.constexpr,
):  # fmt: skip
    """The gradient of the input of one tile; tiles start at the first position of the context."""
    blocks = tl.cdiv(channels, BLOCK_D)
    pid = tl.program_id(0).to(tl.int64)
    d = ((pid % blocks) * BLOCK_D + tl.arange(0, BLOCK_D))[None, :]
    step = ((pid // blocks) % tiles * STEPS + tl.arange(0, STEPS) - (TAPS - 1))[:, None]
    b = pid // (blocks * tiles)
    d_mask = d < channels
    limit = tl.where(d_mask, length, 0)
    total = tl.full((STEPS, BLOCK_D), 0, tl.float32)
    for k in tl.static_range(TAPS):
        tap = tl.load(weight_KD + k * channels + d, mask=d_mask, other=0.0)
        later = step + (TAPS - 1) - k
        mask = (later >= 0) & (later < limit)
        total += tap * tl.load(dpre_BLD + (b * length + later) * channels + d, mask=mask, other=0.0)
    inside = (step >= 0) & (step < limit)
    tl.store(dx + b * dx_batch + step * dx_row + d, total.to(dx.dtype.element_ty), mask=inside)
    if dcontext is not None:
        before = step + (TAPS - 1)
        mask = (before >= 0) & (before < tl.where(d_mask, TAPS - 1, 0))
        place = dcontext + b * dcontext_batch + before * dcontext_row + d
        tl.store(place, total.to(dcontext.dtype.element_ty), mask=mask)
