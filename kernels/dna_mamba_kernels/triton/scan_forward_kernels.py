# ruff: noqa: RUF005 (triton knows no starred tuples)
# mypy: disable-error-code="untyped-decorator,no-untyped-def,no-untyped-call,assignment"
"""The kernels of the scan's forward pass, and the two of them that its backward shares.

A program takes one sequence, one block of channels and one chunk of time. A thread owns whole channels: the states of
a channel are ``d_state`` separate registers, so nothing crosses lanes inside the recurrence. Time is counted in steps
of the scan; a reversed scan is the same kernel with pointers to the last position and negative row strides. A step past
the end of a sequence changes nothing, because its step size is 0; for it the last row of B and C is read once more.

A state is ``fma(decay, h, drive * B)`` and never ``fma(drive, B, decay * h)``, as the compiler would have it: where
decays are slow, h is by far the larger, and to round its product too would double the error of each step.

Suffixes: P chunks, E edges, N d_state, D d_inner, T tiles of W channels. States in global memory have channels last,
so that lanes are adjacent.
"""

import triton
import triton.language as tl

from dna_mamba_kernels.triton.compiled_once import compiled_once
from dna_mamba_kernels.triton.math import silu, softplus

TILE_D = tl.constexpr(32)
"""Channels of a tile of the saved states: within it, the rows of a state lie at offsets known to the compiler."""


@triton.jit
def load_pair(ptr, index):
    """Two adjacent float32 numbers by one 8-byte load: half the load instructions of a row of B or C."""
    both = tl.load(ptr.to(tl.pointer_type(tl.int64)) + index)
    low = both.to(tl.uint32).to(tl.float32, bitcast=True)
    high = (both >> 32).to(tl.uint32).to(tl.float32, bitcast=True)
    return low, high


@triton.jit
def load_row(ptr, offset, mask):
    """One position of a block of channels, in float32; zero where masked."""
    return tl.load(ptr + offset, mask=mask, other=0.0).to(tl.float32)


@triton.jit
def load_delta(ptr, offset, bias, mask, SOFTPLUS: tl.constexpr):
    """The step size; zero past the end, where a step then leaves the state as it is."""
    delta = load_row(ptr, offset, mask) + bias
    if SOFTPLUS:
        delta = softplus(delta)
    return tl.where(mask, delta, 0.0)


@triton.jit
def load_channel(ptr, d, mask):
    """One number a channel, zero for no tensor."""
    value = tl.full(d.shape, 0, tl.float32)
    if ptr is not None:
        value = tl.load(ptr + d, mask=mask, other=0.0).to(tl.float32)
    return value


@triton.jit
def load_states(ptr, first, channels, mask, N: tl.constexpr):
    """``d_state`` rows of channels as a tuple; zeros for no tensor."""
    states = ()
    for n in tl.static_range(N):
        value = tl.full(first.shape, 0, tl.float32)
        if ptr is not None:
            value = tl.load(ptr + first + n * channels, mask=mask, other=0.0)
        states = states + (value,)
    return states


@triton.jit
def store_states(ptr, first, channels, states, mask, N: tl.constexpr):
    """The tuple back to ``d_state`` rows of channels."""
    for n in tl.static_range(N):
        tl.store(ptr + first + n * channels, states[n], mask=mask)


@triton.jit
def advance(h, delta_D, drive_D, A, B_n):
    """One state a step further."""
    return tl.fma(tl.exp2(delta_D * A), h, drive_D * B_n)


@compiled_once()
def summary_kernel(
    x, x_batch, x_row, delta, delta_batch, delta_row, z, z_batch, z_row, A_ND, rows, rows_batch, rows_row, bias,
    end_PBND, sum_PBD, batch, length, channels, chunks, chunk_steps, first_chunk,
    N: tl.constexpr, UNROLL: tl.constexpr, BLOCK_D: tl.constexpr, SOFTPLUS: tl.constexpr, ADJOINT: tl.constexpr,
):  # fmt: skip
    """Each chunk from a zero state: the state at its end, and the sum of its step sizes.

    The decay over a chunk is exp(A sum). ``rows`` is B in float32, strides in pairs of states, and ``x`` is u; for
    ADJOINT they are C and dy (gated by ``z`` if there is one), and steps run from the last to the first.
    """
    blocks = tl.cdiv(channels, BLOCK_D)
    pid = tl.program_id(0).to(tl.int64)
    d = (pid % blocks) * BLOCK_D + tl.arange(0, BLOCK_D)
    chunk = first_chunk + (pid // blocks) % chunks
    b = pid // (blocks * chunks)
    d_mask = d < channels
    A = load_states(A_ND, d, channels, d_mask, N)
    bias_D = load_channel(bias, d, d_mask)
    h = load_states(None, d, channels, d_mask, N)
    total = tl.full((BLOCK_D,), 0, tl.float32)
    later_D = tl.full((BLOCK_D,), 0, tl.float32)  # the step size of the step that an adjoint comes from
    start = chunk * chunk_steps
    steps = tl.minimum(chunk_steps, length - start).to(tl.int32)
    limit = tl.where(d_mask, steps, 0)  # masks as one comparison: the channel exists and so does the step
    PAIRS: tl.constexpr = (N + 1) // 2
    for i in range(0, tl.cdiv(steps, UNROLL) * UNROLL, UNROLL):
        for j in tl.static_range(UNROLL):
            step = tl.cdiv(steps, UNROLL) * UNROLL - 1 - i - j if ADJOINT else i + j
            mask = step < limit
            row = start + step
            delta_D = load_delta(delta, b * delta_batch + row * delta_row + d, bias_D, mask, SOFTPLUS)
            drive_D = load_row(x, b * x_batch + row * x_row + d, mask)
            if ADJOINT:
                if z is not None:
                    drive_D = drive_D * silu(load_row(z, b * z_batch + row * z_row + d, mask))
            else:
                drive_D = drive_D * delta_D
                later_D = delta_D
            total += delta_D
            first = b * rows_batch + (start + tl.minimum(step, steps - 1)) * rows_row
            new = ()
            for p in tl.static_range(PAIRS):
                low, high = load_pair(rows, first + p)
                new = new + (advance(h[2 * p], later_D, drive_D, A[2 * p], low),)
                if 2 * p + 1 < N:
                    new = new + (advance(h[2 * p + 1], later_D, drive_D, A[2 * p + 1], high),)
            h = new
            later_D = delta_D
    if ADJOINT:
        left = ()
        for n in tl.static_range(N):
            left = left + (tl.exp2(later_D * A[n]) * h[n],)
        h = left
    place = (chunk * batch + b) * channels
    tl.store(sum_PBD + place + d, total, mask=d_mask)
    store_states(end_PBND, place * N + d, channels, h, d_mask, N)


@compiled_once()
def combine_kernel(
    end_PBND, sum_PBD, A_ND, initial_BND, entering_PBND, batch, channels, chunks,
    N: tl.constexpr, BLOCK_D: tl.constexpr, AHEAD: tl.constexpr, ADJOINT: tl.constexpr,
):  # fmt: skip
    """The state that enters each chunk, one chunk after the other; for ADJOINT from the last to the first.

    A program walks one state of a block of channels and loads AHEAD chunks before it needs them.
    """
    blocks = tl.cdiv(channels, BLOCK_D)
    pid = tl.program_id(0).to(tl.int64)
    d = (pid % blocks) * BLOCK_D + tl.arange(0, BLOCK_D)
    n = (pid // blocks) % N
    b = pid // (blocks * N)
    mask = d < channels
    limit = tl.where(mask, chunks, 0)
    A = tl.load(A_ND + n * channels + d, mask=mask, other=0.0)
    h = tl.load(initial_BND + (b * N + n) * channels + d, mask=mask, other=0.0)
    for i in range(0, chunks, AHEAD):
        ends = ()
        sums = ()
        for j in tl.static_range(AHEAD):
            chunk = i + j
            # The last chunk has no successor; what is read for it is not used.
            valid = chunk + 1 < limit
            place = ((chunks - 1 - chunk if ADJOINT else chunk) * batch + b) * channels
            ends = ends + (tl.load(end_PBND + place * N + n * channels + d, mask=valid, other=0.0),)
            sums = sums + (tl.load(sum_PBD + place + d, mask=valid, other=0.0),)
        for j in tl.static_range(AHEAD):
            chunk = i + j
            place = ((chunks - 1 - chunk if ADJOINT else chunk) * batch + b) * channels
            tl.store(entering_PBND + place * N + n * channels + d, h, mask=chunk < limit)
            h = tl.fma(tl.exp2(A * sums[j]), h, ends[j])


@compiled_once()
def scan_kernel(
    u, u_batch, u_row, delta, delta_batch, delta_row, z, z_batch, z_row, addend, addend_batch, addend_row,
    y, y_batch, y_row,
    A_ND, B_rows, B_batch, B_row, C_rows, C_batch, C_row, D_D, bias, entering_PBND, edges_EBTNW, final_BDN,
    batch, length, channels, chunks, chunk_steps,
    N: tl.constexpr, EDGE: tl.constexpr, UNROLL: tl.constexpr, BLOCK_D: tl.constexpr, SOFTPLUS: tl.constexpr,
):  # fmt: skip
    """Y of one chunk from the state that enters it; every EDGE steps the state goes to ``edges`` if there is one."""
    blocks = tl.cdiv(channels, BLOCK_D)
    pid = tl.program_id(0).to(tl.int64)
    d = (pid % blocks) * BLOCK_D + tl.arange(0, BLOCK_D)
    chunk = (pid // blocks) % chunks
    b = pid // (blocks * chunks)
    d_mask = d < channels
    A = load_states(A_ND, d, channels, d_mask, N)
    bias_D = load_channel(bias, d, d_mask)
    skip_D = load_channel(D_D, d, d_mask)
    h = load_states(entering_PBND, (chunk * batch + b) * N * channels + d, channels, d_mask, N)
    tiles = tl.cdiv(channels, TILE_D)
    edge_lane = d // TILE_D * (N * TILE_D) + d % TILE_D
    start = chunk * chunk_steps
    steps = tl.minimum(chunk_steps, length - start).to(tl.int32)
    limit = tl.where(d_mask, steps, 0)  # masks as one comparison: the channel exists and so does the step
    PAIRS: tl.constexpr = (N + 1) // 2
    for e in range(0, steps, EDGE):
        if edges_EBTNW is not None:
            place = ((start + e) // EDGE * batch + b) * tiles * N * TILE_D
            store_states(edges_EBTNW, place + edge_lane, TILE_D, h, d_mask, N)
        for i in range(0, EDGE, UNROLL):
            for j in tl.static_range(UNROLL):
                step = e + i + j
                mask = step < limit
                row = start + step
                delta_D = load_delta(delta, b * delta_batch + row * delta_row + d, bias_D, mask, SOFTPLUS)
                u_D = load_row(u, b * u_batch + row * u_row + d, mask)
                drive_D = delta_D * u_D
                y_D = skip_D * u_D
                last = start + tl.minimum(step, steps - 1)
                new = ()
                for p in tl.static_range(PAIRS):
                    B_low, B_high = load_pair(B_rows, b * B_batch + last * B_row + p)
                    C_low, C_high = load_pair(C_rows, b * C_batch + last * C_row + p)
                    new = new + (advance(h[2 * p], delta_D, drive_D, A[2 * p], B_low),)
                    y_D += new[2 * p] * C_low
                    if 2 * p + 1 < N:
                        new = new + (advance(h[2 * p + 1], delta_D, drive_D, A[2 * p + 1], B_high),)
                        y_D += new[2 * p + 1] * C_high
                h = new
                if addend is not None:
                    y_D += load_row(addend, b * addend_batch + row * addend_row + d, mask)
                if z is not None:
                    y_D = y_D * silu(load_row(z, b * z_batch + row * z_row + d, mask))
                tl.store(y + b * y_batch + row * y_row + d, y_D.to(y.dtype.element_ty), mask=mask)
    if chunk == chunks - 1:
        for n in tl.static_range(N):
            tl.store(final_BDN + (b * channels + d) * N + n, h[n], mask=d_mask)
