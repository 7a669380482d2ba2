"""The Triton depthwise convolution: tensors to pointers and strides, and back."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from dna_mamba_kernels.native.conv import ConvArguments
from dna_mamba_kernels.triton import conv_kernels
from dna_mamba_kernels.triton.layout import Rows, common_unit, dense, on_its_device, rows

BLOCK_D = 128
"""Channels of a one-warp program, four a thread: loads of 8 bytes in bfloat16, of 16 in float32."""
STEPS, GRADIENT_STEPS, UNROLL = 32, 256, 4
"""Positions of a program, more in the gradient, where each writes sums of its own; ``UNROLL`` are loaded at once."""
INPUT_STEPS, INPUT_WARPS = 16, 4
"""The tile of the kernel of the input's gradient, and its warps."""


class _Operands(NamedTuple):
    """What the kernels that read the input take."""

    x: Rows
    context: Rows
    """Any address and no step where there is no context: with and without one, a kernel is the same."""
    context_steps: int
    weight_KD: Tensor
    bias: Tensor | None

    def arguments(self, unit: int) -> tuple[object, ...]:
        """In the kernels' order, strides in units."""
        return *self.x.counted(unit), *self.context.counted(unit), self.context_steps, self.weight_KD, self.bias


@on_its_device
def forward(args: ConvArguments) -> Tensor:
    """The convolution's output, in x's dtype."""
    batch, length, channels = args.x_BLD.shape
    y_BLD = torch.empty_like(args.x_BLD, memory_format=torch.contiguous_format)
    if y_BLD.numel() == 0:
        return y_BLD
    operands, y = _operands(args), rows(y_BLD, args.reverse)
    unit = common_unit(channels, operands.x, operands.context, y)
    tiles = -(-length // STEPS)
    conv_kernels.forward_kernel[(batch * tiles * -(-channels // BLOCK_D),)](
        *operands.arguments(unit), *y.counted(unit), length, channels // unit, tiles,
        TAPS=args.weight_DK.shape[1], SILU=args.silu, STEPS=STEPS, UNROLL=UNROLL, BLOCK_D=BLOCK_D, UNIT=unit,
        num_warps=1, enable_fp_fusion=True,
    )  # fmt: skip
    return y_BLD


@on_its_device
def backward(args: ConvArguments, dy_BLD: Tensor, needs: Sequence[bool]) -> list[Tensor | None]:
    """Gradients of x, weight, bias and initial_context; None for those not in ``needs``."""
    batch, length, channels = args.x_BLD.shape
    tensors = args[:4]
    if args.x_BLD.numel() == 0:
        return [torch.zeros_like(x) if x is not None and need else None for x, need in zip(tensors, needs, strict=True)]
    taps = args.weight_DK.shape[1]
    operands, dy = _operands(args), rows(dy_BLD, args.reverse)
    tiles = -(-length // GRADIENT_STEPS)
    dpre_BLD = operands.weight_KD.new_empty(batch, length, channels)
    parts_PBKD = operands.weight_KD.new_empty(tiles, batch, taps + 1, channels)
    unit = common_unit(channels, operands.x, operands.context, dy)
    conv_kernels.output_gradient_kernel[(batch * tiles * -(-channels // BLOCK_D),)](
        *operands.arguments(unit), *dy.counted(unit), dpre_BLD, parts_PBKD, batch, length, channels // unit, tiles,
        TAPS=taps, SILU=args.silu, STEPS=GRADIENT_STEPS, UNROLL=UNROLL, BLOCK_D=BLOCK_D, UNIT=unit, num_warps=1,
        enable_fp_fusion=True,
    )  # fmt: skip
    dx_BLD, dcontext_BKD = _input_gradients(args, dpre_BLD, operands.weight_KD, needs)
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
    taps = args.weight_DK.shape[1]
    dx_BLD = torch.empty_like(args.x_BLD, memory_format=torch.contiguous_format)
    dcontext_BKD = None
    if args.initial_context_BKD is not None:  # with one tap it has no position
        dcontext_BKD = torch.empty_like(args.initial_context_BKD, memory_format=torch.contiguous_format)
    dx = rows(dx_BLD, args.reverse)
    dcontext = rows(dcontext_BKD if taps > 1 else None, args.reverse)
    unit = common_unit(channels, dx, dcontext)
    tiles = -(-(length + taps - 1) // INPUT_STEPS)
    conv_kernels.input_gradient_kernel[(batch * tiles * -(-channels // BLOCK_D),)](
        dpre_BLD, weight_KD, *dx.counted(unit), *dcontext.counted(unit), length, channels // unit, tiles,
        TAPS=taps, STEPS=INPUT_STEPS, BLOCK_D=BLOCK_D, UNIT=unit, num_warps=INPUT_WARPS, enable_fp_fusion=True,
    )  # fmt: skip
    return dx_BLD, dcontext_BKD


def _operands(args: ConvArguments) -> _Operands:
    x, context_BKD = rows(args.x_BLD, args.reverse), args.initial_context_BKD
    weight_KD = args.weight_DK.float().T.contiguous()
    if context_BKD is None or context_BKD.numel() == 0:
        return _Operands(x, Rows(x.first, 0, 0), 0, weight_KD, dense(args.bias_D))
    return _Operands(x, rows(context_BKD, args.reverse), context_BKD.shape[1], weight_KD, dense(args.bias_D))
