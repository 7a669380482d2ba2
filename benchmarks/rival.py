"""The scan of mamba-ssm, built from its sources: what the Triton kernels are held against on a card."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

_PER_POSITION = ("u", "delta", "B", "C", "z")


def built(folder: Path) -> Any:
    """The extension, compiled by nvcc for the card that is there; minutes the first time.

    Raises:
        FileNotFoundError: ``folder`` is not a checkout of mamba-ssm.
        RuntimeError: its sources do not compile here.
    """
    from torch.utils.cpp_extension import load

    sources = folder / "csrc" / "selective_scan"
    if not (sources / "selective_scan.cpp").is_file():
        raise FileNotFoundError(f"{sources}/selective_scan.cpp: give a checkout of mamba-ssm")
    major, minor = torch.cuda.get_device_capability()
    flags = ["-O3", "-std=c++17", "--use_fast_math", "--expt-relaxed-constexpr", "--expt-extended-lambda",
             "-U__CUDA_NO_HALF_OPERATORS__", "-U__CUDA_NO_HALF_CONVERSIONS__", "-U__CUDA_NO_BFLOAT16_OPERATORS__",
             "-U__CUDA_NO_BFLOAT16_CONVERSIONS__", f"-gencode=arch=compute_{major}{minor},code=sm_{major}{minor}",
             "--threads", "4"]  # fmt: skip
    files = [sources / "selective_scan.cpp", *sorted(sources.glob("selective_scan_*.cu"))]
    return load(
        "selective_scan_cuda", [str(file) for file in files], extra_include_paths=[str(sources)],
        extra_cflags=["-O3", "-std=c++17"], extra_cuda_cflags=flags,
    )  # fmt: skip


class _Scan(torch.autograd.Function):
    """Channels first, as its own interface calls it (``selective_scan_interface.SelectiveScanFn``)."""

    @staticmethod
    def forward(ctx: Any, extension: Any, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor,
                delta_bias: Tensor, z: Tensor | None) -> Tensor:  # fmt: skip
        B, C = B.unsqueeze(1), C.unsqueeze(1)
        out, x, *rest = extension.fwd(u, delta, A, B, C, D, z, delta_bias, True)
        ctx.extension = extension
        ctx.save_for_backward(u, delta, A, B, C, D, delta_bias, z, x, out)
        return rest[0] if z is not None else out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        u, delta, A, B, C, D, delta_bias, z, x, out = ctx.saved_tensors
        gated = out if z is not None else None
        found = ctx.extension.bwd(
            u, delta, A, B, C, D, z, delta_bias, grads[0].contiguous(), x, gated, None, True, False
        )
        du, ddelta, dA, dB, dC, dD, dbias, *dz = found
        return None, du, ddelta, dA, dB.squeeze(1), dC.squeeze(1), dD, dbias, dz[0] if z is not None else None


def scan(extension: Any, *, turned: bool) -> Callable[..., Tensor]:
    """The scan of tensors with channels last, ``turned`` to what it takes and back; or of tensors as it takes them."""

    def call(**inputs: Tensor) -> Tensor:
        if turned:
            inputs = channels_first(inputs)
        names = ("u", "delta", "A", "B", "C", "D", "delta_bias", "z")
        y: Tensor = _Scan.apply(extension, *(inputs.get(name) for name in names))
        return y.transpose(1, 2).contiguous() if turned else y

    return call


def channels_first(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same numbers as mamba-ssm wants them: (batch, channels, length), contiguous; no addend, which it lacks."""
    return {
        k: x.transpose(1, 2).contiguous() if k in _PER_POSITION else x for k, x in inputs.items() if k != "addend"
    }
