"""Scan and convolution problems, and how far two results are apart. Plain torch: benchmarks/gpu.py runs them too."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from dna_mamba_kernels import depthwise_conv, selective_scan

OPTIONS = ("D", "delta_bias", "z", "addend", "initial_state")


class Outcome(NamedTuple):
    outputs: list[Tensor]
    gradients: dict[str, Tensor]


def distance(result: Tensor, exact: Tensor) -> float:
    """max|result - exact| / max|exact|, for one whole tensor."""
    if exact.numel() == 0:
        return 0.0
    result, exact = result.detach().double(), exact.detach().to(result.device).double()
    return float((result - exact).abs().max() / exact.abs().max().clamp_min(1e-30))


def scan_case(
    batch: int, length: int, d_inner: int, d_state: int, *, seed: int = 0, options: Iterable[str] = OPTIONS
) -> dict[str, Tensor]:
    """Float32 arguments with time constants from one position to hundreds, as trained models have them."""
    rng = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=rng)

    case = {
        "u": normal(batch, length, d_inner),
        "delta": normal(batch, length, d_inner),
        "A": -torch.exp(normal(d_inner, d_state)),
        "B": normal(batch, length, d_state),
        "C": normal(batch, length, d_state),
        "D": normal(d_inner),
        "delta_bias": normal(d_inner) - 2,
        "z": normal(batch, length, d_inner),
        "initial_state": normal(batch, d_inner, d_state),
        "addend": normal(batch, length, d_inner),
    }
    return {name: x for name, x in case.items() if name not in OPTIONS or name in set(options)}


def conv_case(
    batch: int, length: int, channels: int, taps: int, *, seed: int = 0, options: Iterable[str] = ("bias", "context")
) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    case = {
        "x": torch.randn(batch, length, channels, generator=rng),
        "weight": torch.randn(channels, taps, generator=rng),
        "bias": torch.randn(channels, generator=rng),
        "initial_context": torch.randn(batch, taps - 1, channels, generator=rng),
    }
    dropped = {"bias", "initial_context"} - {"initial_context" if name == "context" else name for name in options}
    return {name: x for name, x in case.items() if name not in dropped}


def run(
    call: Callable[..., Any], case: dict[str, Tensor], dtype: torch.dtype, device: str = "cpu", **flags: Any
) -> Outcome:
    """Outputs, and the gradients of their inner product with fixed random weights."""
    leaves = {name: x.detach().to(device, dtype, copy=True).requires_grad_() for name, x in case.items()}
    result = call(**leaves, **flags)
    outputs = [result] if isinstance(result, Tensor) else list(result)
    rng = torch.Generator().manual_seed(1)
    weights = [torch.randn(y.shape, generator=rng).to(y) for y in outputs]
    # An empty sequence without an initial state has a final state that depends on nothing.
    ends = [(y, weight) for y, weight in zip(outputs, weights, strict=True) if y.requires_grad]
    grads = torch.autograd.grad(
        [y for y, _ in ends], list(leaves.values()), [w for _, w in ends], allow_unused=True, materialize_grads=True
    )
    return Outcome([y.detach() for y in outputs], dict(zip(leaves, grads, strict=True)))


def run_scan(case: dict[str, Tensor], backend: str, dtype: torch.dtype = torch.float32, **flags: Any) -> Outcome:
    return run(selective_scan, case, dtype, backend=backend, **{"delta_softplus": True, **flags})


def run_conv(case: dict[str, Tensor], backend: str, dtype: torch.dtype = torch.float32, **flags: Any) -> Outcome:
    return run(depthwise_conv, case, dtype, backend=backend, **flags)


def assert_close(result: Outcome, exact: Outcome, *, outputs: float = 1e-5, gradients: float = 1e-4) -> None:
    """Every tensor within the given distance of the exact one."""
    for i, (a, b) in enumerate(zip(result.outputs, exact.outputs, strict=True)):
        assert distance(a, b) <= outputs, f"output {i}: {distance(a, b):.1e}"
    assert result.gradients.keys() == exact.gradients.keys()
    for name, b in exact.gradients.items():
        worst = distance(result.gradients[name], b)
        assert worst <= gradients, f"gradient of {name}: {worst:.1e}"
