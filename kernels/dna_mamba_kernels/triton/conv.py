"""The Triton depthwise convolution: tensors to pointers and strides, and back."""

from collections.abc import Sequence

import torch
from torch import Tensor

from dna_mamba_kernels.native.conv import ConvArguments
from dna_mamba_kernels.triton import conv_kernels
from dna_mamba_kernels.triton.layout import dense, on_its_device, power_of_two, rows

STEPS = 16
"""Steps of a tile: the taps of all but the first few are loaded again by the same program, from the nearest cache."""
GRADIENT_STEPS, GRADIENT_BLOCK_D, LOOPS = 8, 64, 32
"""Tiles of the kernel that holds sums of every tap in registers, and how many of them one program adds up."""


@on_its_device
def forward(args: ConvArguments) -> Tensor:
    """The convolution's output, in x's dtype."""
    batch, length, channels = args.x_BLD.shape
    y_BLD = torch.empty_like(args.x_BLD, memory_format=torch.contiguous_format)
    if y_BLD.numel() == 0:
        return y_BLD
    tiles, block = -(-length // STEPS), _block(channels)
    conv_kernels.forward_kernel[(batch * tiles * -(-channels // block),)](
        *rows(args.x_BLD, args.reverse), *rows(_context(args), args.reverse), _taps_first(args.weight_DK),
        dense(args.bias_D), *rows(y_BLD, args.reverse), length, channels, tiles,
        TAPS=args.weight_DK.shape[1], SILU=args.silu, STEPS=STEPS, BLOCK_D=block, num_warps=4, enable_fp_fusion=True,
    )  # fmt: skip
    return y_BLD


@on_its_device
def backward(args: ConvArguments, dy_BLD: Tensor, needs: Sequence[bool]) -> list[Tensor | None]:
    """Gradients of x, weight, bias and initial_context; None for those not in ``needs``."""
    batch, length, channels = args.x_BLD.shape
    tensors = args[:4]
    if args.x_BLD.numel() == 0:
        return [torch.zeros_like(x) if x is not None and need else None for x, need in zip(tensors, needs, strict=True)]
    taps, block = args.weight_DK.shape[1], min(GRADIENT_BLOCK_D, _block(channels))
    blocks = -(-channels // block)
    weight_KD = _taps_first(args.weight_DK)
    tiles = -(-length // (GRADIENT_STEPS * LOOPS))
    dpre_BLD = weight_KD.new_empty(batch, length, channels)
    parts_PBKD = weight_KD.new_empty(tiles, batch, taps + 1, channels)
    conv_kernels.output_gradient_kernel[(batch * tiles * blocks,)](
        *rows(args.x_BLD, args.reverse), *rows(_context(args), args.reverse), weight_KD, dense(args.bias_D),
        *rows(dy_BLD, args.reverse), dpre_BLD, parts_PBKD, batch, length, channels, tiles,
        TAPS=taps, SILU=args.silu, STEPS=GRADIENT_STEPS, BLOCK_D=block, LOOPS=LOOPS, num_warps=4,
        enable_fp_fusion=True,
    )  # fmt: skip
    dx_BLD, dcontext_BKD = _input_gradients(args, dpre_BLD, weight_KD, needs)
    sums_KD = parts_PBKD.sum((0, 1))
    dweight_DK = sums_KD[:taps].T.to(args.weight_DK.dtype, copy=True, memory_format=torch.contiguous_format)
    dbias_D = None if args.bias_D is None else sums_KD[taps].to(args.bias_D.dtype, copy=True)
    found = (dx_BLD, dweight_DK, dbias_D, dcontext_BKD)
    return [g if need else None for g, need in zip(found, needs, strict=True)]


def _input_gradients(
    args: ConvArguments, dpre_BLD: Tensor, weight_KD: Tensor, needs: Sequence[bool]
) -> tuple[Tensor | None, Tensor | None]:
    if not needs[0] and not needs[3]:
        return None, None
    batch, length, channels = args.x_BLD.shape
    taps, block = args.weight_DK.shape[1], _block(channels)
    dx_BLD = torch.empty_like(args.x_BLD, memory_format=torch.contiguous_format)
    context_BKD = _context(args)
    dcontext_BKD = None
    if context_BKD is not None:
        dcontext_BKD = torch.empty_like(context_BKD, memory_format=torch.contiguous_format)
    tiles = -(-(length + taps - 1) // STEPS)
    conv_kernels.input_gradient_kernel[(batch * tiles * -(-channels // block),)](
        dpre_BLD, weight_KD, *rows(dx_BLD, args.reverse), *rows(dcontext_BKD, args.reverse), length, channels, tiles,
        TAPS=taps, STEPS=STEPS, BLOCK_D=block, num_warps=4, enable_fp_fusion=True,
    )  # fmt: skip
    if dcontext_BKD is None and args.initial_context_BKD is not None:
        dcontext_BKD = torch.empty_like(args.initial_context_BKD)  # one tap: no position of context
    return dx_BLD, dcontext_BKD


def _block(channels: int) -> int:
    return min(128, max(16, power_of_two(channels)))


def _context(args: ConvArguments) -> Tensor | None:
    context_BKD = args.initial_context_BKD
    return context_BKD if context_BKD is not None and context_BKD.numel() else None


def _taps_first(weight_DK: Tensor) -> Tensor:
    return weight_DK.float().T.contiguous()
