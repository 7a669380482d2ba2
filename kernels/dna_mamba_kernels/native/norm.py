"""The native root-mean-square normalisation: tensors to plain pointers and strides, and back."""

import ctypes

import torch
from torch import Tensor

from dna_mamba_kernels.native.library import as_dense, as_rows, fields, loaded

TILE = 256
"""Positions per unit of work."""


class _Inputs(ctypes.Structure):
    _fields_ = (
        fields(int64=("batch", "length", "channels"))
        + fields(pointers=("x", "weight"))
        + fields(int64=("x_sb", "x_sl"))
        + fields(float64=("eps",))
    )


class _Outputs(ctypes.Structure):
    _fields_ = fields(pointers=("y",))


def forward(x_BLD: Tensor, weight_D: Tensor, eps: float, isa: str | None = None) -> Tensor:
    """``x / sqrt(mean(x^2) + eps) * weight`` over the last dimension, float32."""
    x_BLD, dense_D = as_rows(x_BLD), as_dense(weight_D)
    assert dense_D is not None
    y_BLD = torch.empty(x_BLD.shape)
    inputs = _Inputs(*x_BLD.shape, x_BLD.data_ptr(), dense_D.data_ptr(), *x_BLD.stride()[:2], eps)
    loaded().call("dna_mamba_norm_forward", isa, TILE, 0, inputs, _Outputs(y_BLD.data_ptr()))
    return y_BLD
