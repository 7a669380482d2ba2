"""The short depthwise convolution before the scan, causal or anti-causal, with its SiLU."""

from torch import Tensor

from dna_mamba_kernels.backends import resolve_backend
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
        backend: one of ``available_backends()``; None lets ``choose_backend`` decide.

    Returns:
        (batch, length, channels) in x's dtype.

    Raises:
        ValueError: shapes or devices that do not fit together, or an unknown backend.
        BackendUnavailableError: a backend asked for by name that cannot run here.
    """
    _check(x, weight, bias, initial_context)
    resolve_backend(backend, x.device, x.dtype)
    y = depthwise_conv_reference(
        x, weight, bias, initial_context_BKD=initial_context, reverse=reverse, activation=silu
    )
    return y.to(x.dtype)


def _check(x: Tensor, weight: Tensor, bias: Tensor | None, initial_context: Tensor | None) -> None:
    if x.dim() != 3 or weight.dim() != 2:
        raise ValueError(
            f"x must be (batch, length, channels) and weight (channels, d_conv), not {tuple(x.shape)}, {tuple(weight.shape)}"
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
