"""Root-mean-square normalisation, in one reading of its input where no gradient is asked for."""

import torch
from torch import Tensor
from torch.nn import functional as F

from dna_mamba_kernels.backends import resolve_backend
from dna_mamba_kernels.native import norm as native


def rms_norm(x: Tensor, weight: Tensor, eps: float, *, backend: str | None = None) -> Tensor:
    """Give x / sqrt(mean(x^2) + eps) * weight over the last dimension (Zhang & Sennrich 2019, eq. 4).

    Args:
        x: (batch, length, channels); any strides over batch and length.
        weight: (channels,), in x's dtype.
        eps: added to the mean of squares.
        backend: one of ``available_backends()``; None lets ``choose_backend`` decide. Only the native kernel has one of
            its own, for float32 without gradients; all else runs torch's.

    Returns:
        (batch, length, channels) in x's dtype.
    """
    chosen = resolve_backend(backend, x.device, x.dtype)
    needs_gradient = torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)
    if chosen.startswith("native") and x.dtype == weight.dtype == torch.float32 and x.dim() == 3 and not needs_gradient:
        return native.forward(x, weight, eps, chosen.partition(":")[2] or None)
    return F.rms_norm(x, (x.shape[-1],), weight, eps)
