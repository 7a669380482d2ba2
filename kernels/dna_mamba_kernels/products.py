"""Matrix products of float32 on CPUs, through the faster of the libraries that torch brings.

Torch multiplies through MKL where it was built with it. On AMD's processors MKL runs code of half the vector width they
have; oneDNN, which torch carries too, runs theirs. Which one is taken follows from the processor alone, not from a
measurement: all processes of a run, and a run that is resumed, must round alike.
"""

import functools
import platform
import sys
import time
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

ProductLibrary = Literal["torch", "onednn"]

FEWEST_ROWS = 256
"""Below this oneDNN's calls take longer than their arithmetic, and for each new number of rows it writes code first."""

_MEASURED = ((4096, 256, 512), (4096, 512, 256))
"""Rows, inputs and outputs of the products that are timed."""


class Processor(NamedTuple):
    """What the choice depends on; ``vendor`` as the processor spells it, "" where the system does not tell."""

    vendor: str
    has_avx512: bool


class LibraryChoice(NamedTuple):
    """The library that products of float32 go through, and why."""

    library: ProductLibrary
    reason: str


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None, *, library: ProductLibrary | None = None) -> Tensor:
    """``x @ weight.T + bias``, as ``torch.nn.functional.linear``, differentiable any number of times.

    Args:
        x: (..., inputs), any strides.
        weight: (outputs, inputs), any strides.
        bias: (outputs,).
        library: None lets ``chosen_library`` decide. Only float32 on a CPU, outside autocast, and ``FEWEST_ROWS`` rows
            or more go through oneDNN; all else is torch's.

    Returns:
        (..., outputs) in x's dtype, or in autocast's.

    Raises:
        ValueError: an unknown library, or one that this torch does not bring.
    """
    if not _takes_part(x, weight, bias):
        return F.linear(x, weight, bias)
    if (library or chosen_library().library) == "torch":
        return F.linear(x, weight, bias)
    if library is not None:
        _check(library)
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, weight, bias)):
        y: Tensor = _OneDnnLinear.apply(x, weight, bias)  # type: ignore[no-untyped-call]
        return y
    return _onednn(x, weight, bias)


@functools.cache
def chosen_library() -> LibraryChoice:
    """The library for this processor and this torch."""
    return choose_library(processor(), mkl=torch.backends.mkl.is_available(), onednn=has_onednn())


def choose_library(found: Processor, *, mkl: bool, onednn: bool) -> LibraryChoice:
    """The faster library. Same processor, same answer: nothing is measured."""
    if not mkl:
        return LibraryChoice("torch", "torch was built without MKL and picks a library itself")
    if not onednn:
        return LibraryChoice("torch", "MKL; this torch brings no oneDNN products")
    if found.vendor != "AuthenticAMD":
        return LibraryChoice("torch", f"MKL on {found.vendor or 'an unknown processor'}")
    if not found.has_avx512:
        return LibraryChoice("torch", "MKL on AMD without AVX-512, whose whole vectors it uses")
    return LibraryChoice("onednn", "oneDNN on AMD with AVX-512, of whose vectors MKL uses half")


def has_onednn() -> bool:
    """Whether this torch has oneDNN's product as an operator, and oneDNN itself."""
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def has_fast_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself (AVX512-BF16, AMX, Arm BF16), so that torch is quick with it."""
    if not torch.backends.mkldnn.is_available():
        return False
    if platform.machine().lower() in ("arm64", "aarch64"):
        return "bf16" in _cpuinfo("Features").split()
    return bool({"avx512_bf16", "amx_bf16"} & set(_cpuinfo("flags").split()))


def processor() -> Processor:
    """This machine's, as far as Linux tells."""
    return Processor(_cpuinfo("vendor_id"), "avx512f" in _cpuinfo("flags").split())


def gigaflops(library: ProductLibrary, dtype: torch.dtype = torch.float32, seconds: float = 0.05) -> float:
    """Billions of multiplications and additions a second, of a layer's larger products; measures for so long.

    The best of the runs that fit into ``seconds``, of two at least.

    Raises:
        ValueError: a library that this torch does not bring.
    """
    _check(library)
    operands = [(torch.ones(rows, i, dtype=dtype), torch.ones(o, i, dtype=dtype)) for rows, i, o in _MEASURED]

    def run() -> float:
        started = time.perf_counter()
        for x, weight in operands:
            linear(x, weight, library=library)
        return time.perf_counter() - started

    with torch.no_grad():
        run()
        best, deadline = run(), time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            best = min(best, run())
    return sum(2 * rows * i * o for rows, i, o in _MEASURED) / best / 1e9


def _takes_part(x: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    """Whether the libraries differ for this product."""
    return (
        x.device.type == "cpu"
        and x.dtype == weight.dtype == torch.float32
        and (bias is None or bias.dtype == torch.float32)
        and x.numel() >= FEWEST_ROWS * x.shape[-1] > 0
        and len(weight) > 0
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
    )


def _check(library: str) -> None:
    if library not in get_args(ProductLibrary):
        raise ValueError(f"unknown library {library!r}: choose from {', '.join(get_args(ProductLibrary))}")
    if library == "onednn" and not has_onednn():
        raise ValueError(f"library 'onednn' is not in torch {torch.__version__}: take 'torch'")


def _onednn(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Float32 throughout: oneDNN rounds to fewer bits only after ``torch.set_float32_matmul_precision("medium")``.

    Torch hands a bias on as if it were contiguous.
    """
    dense = None if bias is None else bias.contiguous()
    y: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, dense, "none", [], "")
    return y


class _OneDnnLinear(torch.autograd.Function):
    """The product and the gradient of its input through oneDNN; that of its weight, no faster there, through torch."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _onednn(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        need_x, need_weight, need_bias = ctx.needs_input_grad
        rows = dy.flatten(0, -2)
        with torch.autocast("cpu", enabled=False):  # where the forward was outside, as here it must have been
            return (
                linear(dy, weight.t(), library="onednn") if need_x else None,
                rows.t() @ x.flatten(0, -2) if need_weight else None,
                rows.sum(0) if need_bias else None,
            )


@functools.cache
def _cpuinfo(key: str) -> str:
    """What Linux says of the first processor, "" elsewhere."""
    if not sys.platform.startswith("linux"):
        return ""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == key), "")
