"""In which precision a model runs: what there is, what a device takes by itself, and the weights in it.

``bfloat16`` rounds the operands of matrix products and what passes between kernels, to 8 bits of 24. The residual
stream, the scan's state and its sums, the parameters of convolution and scan, logits and softmax stay in float32:
rounding there would add up over layers and positions. ``tf32`` rounds the operands of a CUDA GPU's float32 products
to 11 bits and nothing else.
"""

import copy
from typing import Literal, TypeVar

import torch
from torch import nn

from dna_mamba.defaults import PRECISIONS
from dna_mamba.errors import InputError
from dna_mamba.models.model import StrandModel
from dna_mamba_kernels.products import has_fast_bfloat16

Precision = Literal["float32", "tf32", "bfloat16", "auto"]
AnyModel = TypeVar("AnyModel", bound=StrandModel)
_MATRICES = (nn.Linear, nn.Embedding, nn.RMSNorm, nn.LayerNorm)
"""Modules whose weights take the narrow type; norms write what products read."""


def resolve_precision(asked: Precision, device: torch.device) -> Precision:
    """What is run where so much was asked for: ``auto`` takes bfloat16 where the device multiplies it itself.

    Raises:
        InputError: no such precision, or ``tf32`` on a device other than a CUDA GPU.
    """
    if asked not in PRECISIONS:
        remedy = f"choose one of {', '.join(PRECISIONS)}"
        raise InputError(f"no precision {asked!r}", place="--precision", remedy=remedy)
    if asked == "tf32" and device.type != "cuda":
        remedy = "take float32 or bfloat16"
        raise InputError(f"tf32 is for CUDA GPUs, not for {device}", place="--precision", remedy=remedy)
    if asked == "auto":
        return "bfloat16" if multiplies_bfloat16(device) else "float32"
    return asked


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 products have instructions of their own there: AVX512-BF16, AMX, Arm BF16, GPUs from Ampere."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "cpu" and has_fast_bfloat16()


def precision_of(model: StrandModel) -> str:
    """In which precision a model runs now: ``float32``, ``tf32``, ``bfloat16``, or another type of its weights."""
    if model.dtype == torch.float32 and model.device.type == "cuda" and torch.backends.cuda.matmul.allow_tf32:
        return "tf32"
    return str(model.dtype).removeprefix("torch.")


def recorded_precision(model: StrandModel) -> dict[str, str]:
    """What an output says of it: nothing of float32, so that such outputs are those of any release."""
    precision = precision_of(model)
    return {} if precision == "float32" else {"precision": precision}


def in_precision(model: AnyModel, asked: Precision) -> AnyModel:
    """The model itself where its weights are of that precision, else a copy; sets torch's TF32 switch on CUDA.

    Raises:
        InputError: as ``resolve_precision``.
    """
    taken = resolve_precision(asked, model.device)
    if model.device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = taken == "tf32"
    dtype = torch.bfloat16 if taken == "bfloat16" else torch.float32
    return model if model.dtype == dtype else to_dtype(copy.deepcopy(model), dtype)


def to_dtype(model: AnyModel, dtype: torch.dtype) -> AnyModel:
    """The model with weights of that type, changed in place; the residual stream is float32 at least.

    Of types narrower than float32 only matrices and norms: convolution and scan have few parameters, which decide
    how far a state reaches, and stay in float32.
    """
    if dtype.itemsize >= torch.float32.itemsize:
        return model.to(dtype)
    model.to(torch.float32)
    for module in model.modules():
        if isinstance(module, _MATRICES):
            module.to(dtype)
    model.encoder.residual_in_fp32 = True
    return model
