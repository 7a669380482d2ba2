# ruff: noqa: RUF005 (triton knows no starred tuples)
# mypy: disable-error-code="untyped-decorator,no-untyped-def,no-untyped-call,assignment"
"""The gradients of one chunk, EDGE steps at a time from its last to its first.

The forward left the state that enters every EDGE steps, so nothing longer than EDGE steps is ever recomputed: decays
and states of EDGE steps and one state index stay in registers (each exponential is taken once), d_state is a run-time
loop, and the adjoint and dA go through slices of global memory that one program alone reads and writes.
"""

import triton
import triton.language as tl

from dna_mamba_kernels.triton.compiled_once import compiled_once
from dna_mamba_kernels.triton.math import sigmoid, silu, silu_slope
from dna_mamba_kernels.triton.scan_forward_kernels import TILE_D, load_channel, load_delta, load_pair, load_row

LN_2 = tl.constexpr(0.6931471805599453)


@triton.jit
def stack(columns, BLOCK_D: tl.constexpr):
    """A tuple of K columns (a power of two) as (BLOCK_D, K), in registers."""
    COUNT: tl.constexpr = len(columns)
    for _ in tl.static_range(COUNT.bit_length() - 1):
        half = ()
        for i in tl.static_range(len(columns) // 2):
            half = half + (tl.join(columns[i], columns[i + len(columns) // 2]),)
        columns = half
    return tl.reshape(columns[0], (BLOCK_D, COUNT))


@triton.jit
def sum_over_channels(columns, BLOCK_D: tl.constexpr):
    """The sums of K columns, as one vector of K.

    A plain reduction costs five shuffles and five additions for each of them. The gather, which moves nothing, has its
    indices laid out with lanes along K: one pass through shared memory turns the tile, and lanes add up their own.
    """
    tile = stack(columns, BLOCK_D)
    COUNT: tl.constexpr = len(columns)
    index = tl.arange(0, COUNT)[None, :] + tl.full((BLOCK_D, COUNT), 0, tl.int32)
    return tl.sum(tl.gather(tile, index, 1), axis=0)


@compiled_once()
def gradient_kernel(
    u, u_batch, u_row, delta, delta_batch, delta_row, z, z_batch, z_row, addend, addend_batch, addend_row,
    dy, dy_batch, dy_row,
    A_ND, B_columns, C_columns, D_D, bias, edges_EBTNW, adjoint_PBND,
    du, ddelta, dz, daddend, out_batch, out_row, dA_PBND, dBC_K2BNL, dD_PBD, dbias_PBD,
    batch, length, channels, chunks, chunk_steps, padded_pairs, d_state,
    EDGE: tl.constexpr, BLOCK_D: tl.constexpr, SOFTPLUS: tl.constexpr,
):  # fmt: skip
    """Equations of kernels/README.md. ``adjoint_PBND`` holds what enters each chunk and becomes what leaves it.

    ``B_columns``, ``C_columns``: (batch, d_state, length) in scan order, padded to ``padded_pairs`` times two. dB and
    dC are sums over this program's channels, one part for each block of channels; dA, dD and dbias sums over its
    steps, one part a chunk. It is one long function because what its passes over a stretch of steps share lives in
    registers.
    """
    blocks = tl.cdiv(channels, BLOCK_D)
    pid = tl.program_id(0).to(tl.int64)
    block = pid % blocks
    d = block * BLOCK_D + tl.arange(0, BLOCK_D)
    chunk = (pid // blocks) % chunks
    b = pid // (blocks * chunks)
    d_mask = d < channels
    bias_D = load_channel(bias, d, d_mask)
    skip_D = load_channel(D_D, d, d_mask)
    dD = tl.full((BLOCK_D,), 0, tl.float32)
    dbias = tl.full((BLOCK_D,), 0, tl.float32)
    start = chunk * chunk_steps
    steps = tl.minimum(chunk_steps, length - start).to(tl.int32)
    limit = tl.where(d_mask, steps, 0)
    edges = tl.cdiv(steps, EDGE)
    column = tl.arange(0, EDGE)
    tiles = tl.cdiv(channels, TILE_D)
    state_place = (chunk * batch + b) * d_state * channels + d
    for e in range(0, edges):
        local = (edges - 1 - e) * EDGE
        first = start + local
        edge_place = ((first // EDGE * batch + b) * tiles + d // TILE_D) * d_state * TILE_D + d % TILE_D
        deltas = ()
        drives = ()
        dys = ()
        d_drives = ()  # derivative by delta u
        d_exponents = ()  # derivative by delta, through the decay
        ys = ()
        for j in tl.static_range(EDGE):
            row = first + j
            mask = local + j < limit
            deltas = deltas + (load_delta(delta, b * delta_batch + row * delta_row + d, bias_D, mask, SOFTPLUS),)
            u_D = load_row(u, b * u_batch + row * u_row + d, mask)
            drives = drives + (deltas[j] * u_D,)
            dy_D = load_row(dy, b * dy_batch + row * dy_row + d, mask)
            if z is not None:
                dy_D = dy_D * silu(load_row(z, b * z_batch + row * z_row + d, mask))
            dys = dys + (dy_D,)
            d_drives = d_drives + (tl.full((BLOCK_D,), 0, tl.float32),)
            d_exponents = d_exponents + (tl.full((BLOCK_D,), 0, tl.float32),)
            ys = ys + (skip_D * u_D,)
        for n in range(0, d_state):
            A = tl.load(A_ND + n * channels + d, mask=d_mask, other=0.0)
            h = tl.load(edges_EBTNW + edge_place + n * TILE_D, mask=d_mask, other=0.0)
            g = tl.load(adjoint_PBND + state_place + n * channels, mask=d_mask, other=0.0)
            dA = tl.load(dA_PBND + state_place + n * channels, mask=d_mask, other=0.0)
            columns = (b * d_state + n) * padded_pairs + first // 2
            decays = ()
            states = (h,)
            new = ()
            for j in tl.static_range(EDGE):
                B_low, B_high = load_pair(B_columns, columns + j // 2)
                decays = decays + (tl.exp2(deltas[j] * A),)
                h = tl.fma(decays[j], h, drives[j] * (B_low if j % 2 == 0 else B_high))
                states = states + (h,)
                if dz is not None:
                    C_low, C_high = load_pair(C_columns, columns + j // 2)
                    new = new + (ys[j] + h * (C_low if j % 2 == 0 else C_high),)
            if dz is not None:
                ys = new
            if dBC_K2BNL is not None:
                dCs = ()
                for j in tl.static_range(EDGE):
                    dCs = dCs + (dys[j] * states[j + 1],)
                sums = sum_over_channels(dCs, BLOCK_D)
                dC_place = (((2 * block + 1) * batch + b) * d_state + n) * padded_pairs * 2 + first
                tl.store(dBC_K2BNL + dC_place + column, sums)
            dBs = ()
            new_drives = ()
            new_exponents = ()
            for j in tl.static_range(EDGE - 1, -1, -1):
                B_low, B_high = load_pair(B_columns, columns + j // 2)
                C_low, C_high = load_pair(C_columns, columns + j // 2)
                g += dys[j] * (C_low if j % 2 == 0 else C_high)
                if dBC_K2BNL is not None:
                    dBs = (drives[j] * g,) + dBs
                new_drives = (d_drives[j] + g * (B_low if j % 2 == 0 else B_high),) + new_drives
                g *= decays[j]
                w = g * states[j]
                new_exponents = (d_exponents[j] + w * A,) + new_exponents
                dA += w * deltas[j]
            d_drives = new_drives
            d_exponents = new_exponents
            tl.store(adjoint_PBND + state_place + n * channels, g, mask=d_mask)
            tl.store(dA_PBND + state_place + n * channels, dA, mask=d_mask)
            if dBC_K2BNL is not None:
                # One after the other, and dC last: its products are made of states when decays are no longer needed.
                sums = sum_over_channels(dBs, BLOCK_D)
                dB_place = ((2 * block * batch + b) * d_state + n) * padded_pairs * 2 + first
                tl.store(dBC_K2BNL + dB_place + column, sums)
        for j in tl.static_range(EDGE):
            row = first + j
            mask = local + j < limit
            u_D = load_row(u, b * u_batch + row * u_row + d, mask)  # again: sixteen registers fewer in between
            out = b * out_batch + row * out_row + d
            tl.store(du + out, (d_drives[j] * deltas[j] + skip_D * dys[j]).to(du.dtype.element_ty), mask=mask)
            # A carries log2(e): the derivative by the exponent of 2 is ln(2) times that by the exponent of e.
            slope = d_exponents[j] * LN_2 + d_drives[j] * u_D
            if SOFTPLUS:
                slope *= sigmoid(load_row(delta, b * delta_batch + row * delta_row + d, mask) + bias_D)
            slope = tl.where(mask, slope, 0.0)
            tl.store(ddelta + out, slope.to(ddelta.dtype.element_ty), mask=mask)
            dbias += slope
            dD += dys[j] * u_D
            if daddend is not None:
                tl.store(daddend + out, dys[j].to(daddend.dtype.element_ty), mask=mask)
            if dz is not None:
                y_D = ys[j]  # type: ignore[var-annotated]
                if addend is not None:
                    y_D += load_row(addend, b * addend_batch + row * addend_row + d, mask)
                gate = silu_slope(load_row(z, b * z_batch + row * z_row + d, mask))
                dy_D = load_row(dy, b * dy_batch + row * dy_row + d, mask)
                tl.store(dz + out, (dy_D * y_D * gate).to(dz.dtype.element_ty), mask=mask)
    place = (chunk * batch + b) * channels + d
    tl.store(dD_PBD + place, dD, mask=d_mask)
    tl.store(dbias_PBD + place, dbias, mask=d_mask)
