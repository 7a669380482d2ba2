"""The short depthwise convolution before the scan, causal or anti-causal, with its SiLU, as a torch operator."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from dna_mamba_kernels.backends import resolve_backend
from dna_mamba_kernels.native import conv as native
from dna_mamba_kernels.native.conv import ConvArguments
from dna_mamba_kernels.reference import depthwise_conv_reference


def depthwise_conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    initial_context: Tensor | None = None,
    reverse: bool = False,
    silu: bool = True,
    backend: str | None = None,
) -> Tensor:
    """y_t = sum_k weight[k] x_{t-d_conv+1+k} + bias, then SiLU (Gu & Dao 2023, figure 3).

    Args:
        x: (batch, length, channels); any strides over batch and length.
        weight: (channels, d_conv), taps in the order of ``torch.nn.Conv1d``.
        bias: (channels,).
        initial_context: (batch, d_conv - 1, channels): the positions just outside the sequence on the side the
            convolution reads from (left, or right for ``reverse``), in sequence order; zeros when None.
        reverse: the mirror image, y_t = sum_k weight[k] x_{t+d_conv-1-k}.
        silu: apply SiLU to the result.
        backend: one of ``available_backends()``; None lets ``choose_backend`` decide. Without a kernel of its own
            (``chunked``, ``reference``) a backend runs the plain torch formula.

    Returns:
        (batch, length, channels) in x's dtype.

    Raises:
        ValueError: shapes or devices that do not fit together, or an unknown backend.
        BackendUnavailableError: a backend asked for by name that cannot run here.
    """
    _check(x, weight, bias, initial_context)
    chosen = resolve_backend(backend, x.device, x.dtype)
    if chosen.startswith(("native", "triton")):
        y: Tensor = _conv(x, weight, bias, initial_context, reverse, silu, chosen)
        return y
    y = depthwise_conv_reference(x, weight, bias, initial_context_BKD=initial_context, reverse=reverse, activation=silu)
    return y.to(x.dtype)


def _check(x: Tensor, weight: Tensor, bias: Tensor | None, initial_context: Tensor | None) -> None:
    if x.dim() != 3 or weight.dim() != 2 or weight.shape[1] < 1:
        raise ValueError(
            f"x must be (batch, length, channels) and weight (channels, d_conv), "
            f"not {tuple(x.shape)}, {tuple(weight.shape)}"
        )
    batch, _, channels = x.shape
    taps = weight.shape[1]
    wanted = {"weight": (weight, (channels, taps)), "bias": (bias, (channels,)),
              "initial_context": (initial_context, (batch, taps - 1, channels))}  # fmt: skip
    for name, (tensor, shape) in wanted.items():
        if tensor is not None and tuple(tensor.shape) != shape:
            raise ValueError(f"{name} is {tuple(tensor.shape)}, not {shape} as x and weight ask for")
        if tensor is not None and tensor.device != x.device:
            raise ValueError(f"{name} is on {tensor.device}, x on {x.device}")


def _isa(backend: str) -> str | None:
    return backend.partition(":")[2] or None


@torch.library.custom_op("dna_mamba::depthwise_conv", mutates_args=())
def _conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    initial_context: Tensor | None,
    reverse: bool,
    silu: bool,
    backend: str,
) -> Tensor:
    args = ConvArguments(x, weight, bias, initial_context, reverse, silu)
    if backend == "triton":
        from dna_mamba_kernels.triton import conv as triton_conv  # importing triton takes a second, not always spent

        return triton_conv.forward(args)
    return native.forward(args, _isa(backend))


@torch.library.custom_op("dna_mamba::depthwise_conv_backward", mutates_args=())
def _conv_backward(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    initial_context: Tensor | None,
    reverse: bool,
    silu: bool,
    backend: str,
    dy: Tensor,
    needs: Sequence[bool],
) -> list[Tensor]:
    """Gradients of the four tensors, in order; an empty tensor for each one not in ``needs``."""
    args = ConvArguments(x, weight, bias, initial_context, reverse, silu)
    if backend == "triton":
        from dna_mamba_kernels.triton import conv as triton_conv

        grads = triton_conv.backward(args, dy, needs)
    else:
        grads = native.backward(args, _isa(backend), dy, needs)
    return [x.new_empty(0) if grad is None else grad for grad in grads]


@_conv.register_fake
def _(
    x: Tensor, weight: Tensor, bias: Tensor | None, initial_context: Tensor | None, reverse: bool, silu: bool,
    backend: str,
) -> Tensor:  # fmt: skip
    return torch.empty_like(x, memory_format=torch.contiguous_format)


@_conv_backward.register_fake
def _(
    x: Tensor, weight: Tensor, bias: Tensor | None, initial_context: Tensor | None, reverse: bool, silu: bool,
    backend: str, dy: Tensor, needs: Sequence[bool],
) -> list[Tensor]:  # fmt: skip
    return [
        torch.empty_like(t, memory_format=torch.contiguous_format) if t is not None and need else x.new_empty(0)
        for t, need in zip((x, weight, bias, initial_context), needs, strict=True)
    ]


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs[:4])
    ctx.flags = inputs[4:]


def _backward(ctx: Any, dy: Tensor) -> tuple[Any, ...]:
    needs = list(ctx.needs_input_grad[:4])
    grads = _conv_backward(*ctx.saved_tensors, *ctx.flags, dy, needs)
    return (*(grad if need else None for grad, need in zip(grads, needs, strict=True)), None, None, None)


_conv.register_autograd(_backward, setup_context=_setup_context)
