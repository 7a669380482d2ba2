"""The native root-mean-square normalisation: tensors to plain pointers and strides, and back."""

import ctypes

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
        fields(int64=("batch", "length", "channels"))
        + fields(pointers=("x", "weight"))
        + fields(int64=("x_sb", "x_sl", "x_bfloat16", "y_bfloat16"))
        + fields(float64=("eps",))
    )


class _Outputs(ctypes.Structure):
    _fields_ = fields(pointers=("y",))


class _Grads(ctypes.Structure):
    _fields_ = fields(pointers=("dy",)) + fields(int64=("dy_sb", "dy_sl")) + fields(pointers=("dx", "dweight"))


def forward(x_BLD: Tensor, weight_D: Tensor, eps: float, dtype: torch.dtype, isa: str | None) -> Tensor:
    """``x / sqrt(mean(x^2) + eps) * weight`` over the last dimension, in ``dtype``."""
    rows_BLD, dense_D = _ready(x_BLD, weight_D)
    y_BLD = torch.empty(x_BLD.shape, dtype=dtype if dtype == torch.bfloat16 else torch.float32)
    inputs = _arguments(rows_BLD, dense_D, eps, y_BLD.dtype)
    loaded().call("dna_mamba_norm_forward", isa, TILE, 0, inputs, _Outputs(y_BLD.data_ptr()))
    return y_BLD.to(dtype)


def backward(
    x_BLD: Tensor, weight_D: Tensor, eps: float, dy_BLD: Tensor, need_x: bool, need_weight: bool, isa: str | None
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients of x and weight, each in its tensor's dtype; None for one that is not needed."""
    rows_BLD, dense_D = _ready(x_BLD, weight_D)
    dy_BLD = as_rows(dy_BLD, element_type(dy_BLD))
    batch, length, channels = x_BLD.shape
    dx_BLD = torch.empty(x_BLD.shape, dtype=rows_BLD.dtype) if need_x else None
    dweight_PD = torch.empty(batch * -(-length // TILE), padded(channels)) if need_weight else None
    inputs = _arguments(rows_BLD, dense_D, eps, dy_BLD.dtype)
    grads = _Grads(dy_BLD.data_ptr(), *dy_BLD.stride()[:2], address(dx_BLD), address(dweight_PD))
    loaded().call("dna_mamba_norm_backward", isa, TILE, 0, inputs, grads)
    dweight_D = sum_parts(dweight_PD)
    return (
        None if dx_BLD is None else dx_BLD.to(x_BLD.dtype),
        None if dweight_D is None else dweight_D[:channels].to(weight_D.dtype),
    )


def _ready(x_BLD: Tensor, weight_D: Tensor) -> tuple[Tensor, Tensor]:
    """The same in the layout the kernel reads."""
    dense_D = as_dense(weight_D)
    assert dense_D is not None
    return as_rows(x_BLD, element_type(x_BLD)), dense_D


def _arguments(x_BLD: Tensor, weight_D: Tensor, eps: float, y_dtype: torch.dtype) -> _Inputs:
    """The structure, which holds for as long as the tensors do."""
    halves = (x_BLD.dtype == torch.bfloat16, y_dtype == torch.bfloat16)
    return _Inputs(*x_BLD.shape, x_BLD.data_ptr(), weight_D.data_ptr(), *x_BLD.stride()[:2], *halves, eps)
