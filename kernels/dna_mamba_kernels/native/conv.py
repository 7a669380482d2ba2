"""The native depthwise convolution: tensors to plain pointers and strides, and back."""

import ctypes
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from dna_mamba_kernels.native.library import (
    address,
    as_dense,
    as_rows,
    element_type,
    fields,
    loaded,
    padded,
    sum_parts,
)

TILE = 256
"""Positions per unit of work. Chosen without regard to threads: the order of every sum depends on shapes alone."""


class _Inputs(ctypes.Structure):
    _fields_ = (
        fields(int64=("batch", "length", "channels", "taps"))
        + fields(pointers=("x", "weight", "bias", "context"))
        + fields(int64=("x_sb", "x_sl", "reverse", "silu", "bfloat16"))
    )


class _Outputs(ctypes.Structure):
    _fields_ = fields(pointers=("y",))


class _Grads(ctypes.Structure):
    _fields_ = (
        fields(pointers=("dy",))
        + fields(int64=("dy_sb", "dy_sl"))
        + fields(pointers=("dx", "dcontext", "dweight", "dbias"))
    )


class ConvArguments(NamedTuple):
    """One convolution, in the order of the operator's schema."""

    x_BLD: Tensor
    weight_DK: Tensor
    bias_D: Tensor | None
    initial_context_BKD: Tensor | None
    reverse: bool
    silu: bool


def forward(args: ConvArguments, isa: str | None) -> Tensor:
    """The convolution's output, in x's dtype."""
    ready = _ready(args)
    y_BLD = torch.empty(ready.x_BLD.shape, dtype=ready.x_BLD.dtype)
    loaded().call("dna_mamba_conv_forward", isa, TILE, 0, _arguments(ready), _Outputs(y_BLD.data_ptr()))
    return y_BLD.to(args.x_BLD.dtype)


def backward(args: ConvArguments, isa: str | None, dy_BLD: Tensor, needs: Sequence[bool]) -> list[Tensor | None]:
    """Gradients of x, weight, bias and initial_context; None for those not in ``needs``."""
    ready = _ready(args)
    batch, length, channels = args.x_BLD.shape
    taps, width, dtype = args.weight_DK.shape[1], padded(channels), ready.x_BLD.dtype
    dy_BLD = as_rows(dy_BLD, dtype)
    parts = batch * -(-length // TILE)
    dx_BLD = torch.empty(args.x_BLD.shape, dtype=dtype)
    dcontext_BKD = torch.zeros(batch, taps - 1, channels, dtype=dtype) if needs[3] else None
    dweight_PKD = torch.empty(parts, taps, width) if needs[1] else None
    dbias_PD = torch.empty(parts, width) if needs[2] else None
    outputs = (dx_BLD, dcontext_BKD, dweight_PKD, dbias_PD)
    grads = _Grads(dy_BLD.data_ptr(), *dy_BLD.stride()[:2], *map(address, outputs))
    loaded().call("dna_mamba_conv_backward", isa, TILE, 0, _arguments(ready), grads)
    dweight_KD, dbias_D = sum_parts(dweight_PKD), sum_parts(dbias_PD)
    gradients = (
        dx_BLD if needs[0] else None,
        None if dweight_KD is None else dweight_KD[:, :channels].T.contiguous(),
        None if dbias_D is None else dbias_D[:channels].contiguous(),
        dcontext_BKD,
    )
    return [None if g is None or x is None else g.to(x.dtype) for g, x in zip(gradients, args[:4], strict=True)]


def _ready(args: ConvArguments) -> ConvArguments:
    """The same in the layout the kernel reads."""
    dtype = element_type(args.x_BLD)
    weight_DK = as_dense(args.weight_DK)
    assert weight_DK is not None
    return args._replace(
        x_BLD=as_rows(args.x_BLD, dtype),
        weight_DK=weight_DK,
        bias_D=as_dense(args.bias_D),
        initial_context_BKD=as_dense(args.initial_context_BKD, dtype),
    )


def _arguments(ready: ConvArguments) -> _Inputs:
    """The structure, which holds for as long as ``ready`` does."""
    x_BLD = ready.x_BLD
    sizes = (*x_BLD.shape, ready.weight_DK.shape[1])
    flags = (ready.reverse, ready.silu, x_BLD.dtype == torch.bfloat16)
    return _Inputs(*sizes, *map(address, ready[:4]), *x_BLD.stride()[:2], *flags)
