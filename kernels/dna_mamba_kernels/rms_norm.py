"""Root-mean-square normalisation as a torch operator, which may read one dtype and write another."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from dna_mamba_kernels.backends import resolve_backend
from dna_mamba_kernels.native import norm as native


def rms_norm(
    x: Tensor, weight: Tensor, eps: float, *, dtype: torch.dtype | None = None, backend: str | None = None
) -> Tensor:
    """Give x / sqrt(mean(x^2) + eps) * weight over the last dimension (Zhang & Sennrich 2019, eq. 4).

    Args:
        x: (..., channels); any strides over all but the last dimension.
        weight: (channels,), of any dtype.
        eps: added to the mean of squares.
        dtype: of the result; x's when None. A float32 residual stream can so be read by layers in bfloat16 without a
            copy of it, and without being rounded before it is normalised.
        backend: one of ``available_backends()``; None lets ``choose_backend`` decide. Only the native kernel has a
            normalisation of its own; all others run torch's.

    Returns:
        (..., channels) in ``dtype``.

    Raises:
        ValueError: shapes, dtypes or devices that do not fit together, or an unknown backend.
        BackendUnavailableError: a backend asked for by name that cannot run here.
    """
    _check(x, weight, dtype)
    chosen = resolve_backend(backend, x.device, x.dtype)
    dtype = dtype or x.dtype
    if not chosen.startswith("native"):
        return _formula(x, weight, eps).to(dtype)
    rows = x if x.dim() == 3 else x.reshape(1, -1, x.shape[-1])
    y: Tensor = _norm(rows, weight, eps, dtype, chosen)
    return y if x.dim() == 3 else y.view(x.shape)


def _check(x: Tensor, weight: Tensor, dtype: torch.dtype | None) -> None:
    if x.dim() < 1 or tuple(weight.shape) != (x.shape[-1],):
        raise ValueError(f"weight is {tuple(weight.shape)}, not {tuple(x.shape[-1:])} as x {tuple(x.shape)} asks for")
    if not x.dtype.is_floating_point or (dtype is not None and not dtype.is_floating_point):
        raise ValueError(f"x and the result must be floating point, not {x.dtype} and {dtype or x.dtype}")
    if weight.device != x.device:
        raise ValueError(f"weight is on {weight.device}, x on {x.device}")


def _formula(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """Torch's: fused where it has a kernel for one dtype; of two, in the wider one."""
    wide = torch.promote_types(x.dtype, weight.dtype)
    return F.rms_norm(x.to(wide), (x.shape[-1],), weight.to(wide), eps)


def _isa(backend: str) -> str | None:
    return backend.partition(":")[2] or None


@torch.library.custom_op("dna_mamba::rms_norm", mutates_args=())
def _norm(x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype, backend: str) -> Tensor:
    return native.forward(x, weight, eps, dtype, _isa(backend))


@torch.library.custom_op("dna_mamba::rms_norm_backward", mutates_args=())
def _norm_backward(
    x: Tensor, weight: Tensor, eps: float, backend: str, dy: Tensor, needs: Sequence[bool]
) -> list[Tensor]:
    """Gradients of x and weight; an empty tensor for one not in ``needs``."""
    grads = native.backward(x, weight, eps, dy, needs[0], needs[1], _isa(backend))
    return [x.new_empty(0) if grad is None else grad for grad in grads]


@_norm.register_fake
def _(x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype, backend: str) -> Tensor:
    return torch.empty_like(x, dtype=dtype, memory_format=torch.contiguous_format)


@_norm_backward.register_fake
def _(x: Tensor, weight: Tensor, eps: float, backend: str, dy: Tensor, needs: Sequence[bool]) -> list[Tensor]:
    return [
        torch.empty_like(t, memory_format=torch.contiguous_format) if need else x.new_empty(0)
        for t, need in zip((x, weight), needs, strict=True)
    ]


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, weight, ctx.eps, _, ctx.backend = inputs
    ctx.save_for_backward(x, weight)


def _backward(ctx: Any, dy: Tensor) -> tuple[Any, ...]:
    needs = list(ctx.needs_input_grad[:2])
    grads = _norm_backward(*ctx.saved_tensors, ctx.eps, ctx.backend, dy, needs)
    return (*(grad if need else None for grad, need in zip(grads, needs, strict=True)), None, None, None)


_norm.register_autograd(_backward, setup_context=_setup_context)
