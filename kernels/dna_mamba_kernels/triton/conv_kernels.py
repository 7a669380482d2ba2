# ruff: noqa: RUF005 (triton knows no starred tuples)
# mypy: disable-error-code="untyped-decorator,no-untyped-def,no-untyped-call,assignment"
"""The depthwise convolution: a thread walks along a few channels, and keeps what the next positions read again.

Steps count in scan order, as in the scan's kernels; the steps before the first are the initial context, of no step
where there is none. Strides and channels come in units of ``UNIT`` elements: where that is 8, every row begins at a
multiple of 16 bytes, so that a lane loads several channels at once.
"""

import triton
import triton.language as tl

from dna_mamba_kernels.triton.compiled_once import compiled_once
from dna_mamba_kernels.triton.math import silu, silu_slope
from dna_mamba_kernels.triton.scan_forward_kernels import load_channel, load_row, load_states


@triton.jit
def load_before(x, x_row, context, context_row, context_steps, row, d, d_mask, TAPS: tl.constexpr):
    """Position ``row`` of the sequence, or of its context where it is negative, in float32; zero outside both."""
    value = tl.load(x + row * x_row + d, mask=tl.where(d_mask, row, -1) >= 0, other=0.0).to(tl.float32)
    before = row + (TAPS - 1)
    inside = tl.where(d_mask, before, context_steps) < context_steps
    return value + tl.load(context + before * context_row + d, mask=inside, other=0.0).to(tl.float32)


@triton.jit
def first_window(x, x_row, context, context_row, context_steps, first, d, d_mask, TAPS: tl.constexpr):
    """A tuple of the inputs that the step before ``first`` reads, the oldest of which no later step does: zero."""
    window = (tl.full(d.shape, 0, tl.float32),)
    for k in tl.static_range(TAPS - 1):
        row = first - (TAPS - 1) + k
        window = window + (load_before(x, x_row, context, context_row, context_steps, row, d, d_mask, TAPS),)
    return window


@triton.jit
def moved_on(window, value, TAPS: tl.constexpr):
    """The window without its oldest input and with the next one."""
    new = ()
    for k in tl.static_range(1, TAPS):
        new = new + (window[k],)
    return new + (value,)


@triton.jit
def convolved(window, taps, bias_D, TAPS: tl.constexpr):
    """The convolution before its SiLU."""
    total = bias_D
    for k in tl.static_range(TAPS):
        total += taps[k] * window[k]
    return total


@compiled_once(aligned=True)
def forward_kernel(
    x, x_batch, x_row, context, context_batch, context_row, context_steps, weight_KD, bias, y, y_batch, y_row,
    length, channels, tiles,
    TAPS: tl.constexpr, SILU: tl.constexpr, STEPS: tl.constexpr, UNROLL: tl.constexpr, BLOCK_D: tl.constexpr,
    UNIT: tl.constexpr,
):  # fmt: skip
    """The output of ``STEPS`` positions; each input is loaded once, and kept while a later position reads it."""
    channels = channels * UNIT
    blocks = tl.cdiv(channels, BLOCK_D)
    pid = tl.program_id(0).to(tl.int64)
    d = (pid % blocks) * BLOCK_D + tl.arange(0, BLOCK_D)
    first = (pid // blocks) % tiles * STEPS
    b = pid // (blocks * tiles)
    d_mask = d < channels
    limit = tl.where(d_mask, tl.minimum(STEPS, length - first).to(tl.int32), 0)
    x = x + b * x_batch * UNIT
    y = y + b * y_batch * UNIT
    context = context + b * context_batch * UNIT
    x_row *= UNIT
    y_row *= UNIT
    taps = load_states(weight_KD, d, channels, d_mask, TAPS)
    bias_D = load_channel(bias, d, d_mask)
    window = first_window(x, x_row, context, context_row * UNIT, context_steps, first, d, d_mask, TAPS)
    for i in range(0, STEPS, UNROLL):
        for j in tl.static_range(UNROLL):
            row = first + i + j
            mask = i + j < limit
            window = moved_on(window, load_row(x, row * x_row + d, mask), TAPS)
            total = convolved(window, taps, bias_D, TAPS)
            if SILU:
                total = silu(total)
            tl.store(y + row * y_row + d, total.to(y.dtype.element_ty), mask=mask)


@compiled_once(aligned=True)
def output_gradient_kernel(
    x, x_batch, x_row, context, context_batch, context_row, context_steps, weight_KD, bias, dy, dy_batch, dy_row,
    dpre_BLD, parts_PBKD, batch, length, channels, tiles,
    TAPS: tl.constexpr, SILU: tl.constexpr, STEPS: tl.constexpr, UNROLL: tl.constexpr, BLOCK_D: tl.constexpr,
    UNIT: tl.constexpr,
):  # fmt: skip
    """The gradient before the SiLU, and these positions' part of the gradients of taps and, after those, the bias."""
    channels = channels * UNIT
    blocks = tl.cdiv(channels, BLOCK_D)
    pid = tl.program_id(0).to(tl.int64)
    d = (pid % blocks) * BLOCK_D + tl.arange(0, BLOCK_D)
    tile = (pid // blocks) % tiles
    first = tile * STEPS
    b = pid // (blocks * tiles)
    d_mask = d < channels
    limit = tl.where(d_mask, tl.minimum(STEPS, length - first).to(tl.int32), 0)
    x = x + b * x_batch * UNIT
    dy = dy + b * dy_batch * UNIT
    dpre_LD = dpre_BLD + b * length * channels
    context = context + b * context_batch * UNIT
    x_row *= UNIT
    dy_row *= UNIT
    taps = load_states(weight_KD, d, channels, d_mask, TAPS)
    bias_D = load_channel(bias, d, d_mask)
    window = first_window(x, x_row, context, context_row * UNIT, context_steps, first, d, d_mask, TAPS)
    sums = load_states(None, d, channels, d_mask, TAPS + 1)
    for i in range(0, STEPS, UNROLL):
        for j in tl.static_range(UNROLL):
            row = first + i + j
            mask = i + j < limit
            window = moved_on(window, load_row(x, row * x_row + d, mask), TAPS)
            dpre = load_row(dy, row * dy_row + d, mask)
            if SILU:
                dpre *= silu_slope(convolved(window, taps, bias_D, TAPS))
            tl.store(dpre_LD + row * channels + d, dpre, mask=mask)
            new = ()
            for k in tl.static_range(TAPS):
                new = new + (sums[k] + dpre * window[k],)
            sums = new + (sums[TAPS] + dpre,)
    for k in tl.static_range(TAPS + 1):
        place = ((tile * batch + b) * (TAPS + 1) + k) * channels
        tl.store(parts_PBKD + place + d, sums[k], mask=d_mask)


@compiled_once(aligned=True)
def input_gradient_kernel(
    dpre_BLD, weight_KD, dx, dx_batch, dx_row, dcontext, dcontext_batch, dcontext_row, length, channels, tiles,
    TAPS: tl.constexpr, STEPS: tl.constexpr, BLOCK_D: tl.constexpr, UNIT: tl.constexpr,
):  # fmt: skip
    """The gradient of the input of one tile; tiles start at the first position of the context."""
    channels = channels * UNIT
    blocks = tl.cdiv(channels, BLOCK_D)
    pid = tl.program_id(0).to(tl.int64)
    d = ((pid % blocks) * BLOCK_D + tl.arange(0, BLOCK_D))[None, :]
    step = ((pid // blocks) % tiles * STEPS + tl.arange(0, STEPS) - (TAPS - 1))[:, None]
    b = pid // (blocks * tiles)
    d_mask = d < channels
    limit = tl.where(d_mask, length, 0)
    dpre_LD = dpre_BLD + b * length * channels
    total = tl.full((STEPS, BLOCK_D), 0, tl.float32)
    for k in tl.static_range(TAPS):
        tap = tl.load(weight_KD + k * channels + d, mask=d_mask, other=0.0)
        later = step + (TAPS - 1) - k
        mask = (later >= 0) & (later < limit)
        total += tap * tl.load(dpre_LD + later * channels + d, mask=mask, other=0.0)
    inside = (step >= 0) & (step < limit)
    dx = dx + b * dx_batch * UNIT
    tl.store(dx + step * (dx_row * UNIT) + d, total.to(dx.dtype.element_ty), mask=inside)
    if dcontext is not None:
        before = step + (TAPS - 1)
        mask = (before >= 0) & (before < tl.where(d_mask, TAPS - 1, 0))
        place = dcontext + b * dcontext_batch * UNIT + before * (dcontext_row * UNIT) + d
        tl.store(place, total.to(dcontext.dtype.element_ty), mask=mask)
