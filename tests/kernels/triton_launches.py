"""What the launchers would launch, found out on tensors without memory, and how Triton would compile it.

Kernels are never run: tensors are on the ``meta`` device, and what a launcher hands to a kernel is taken down and given
to Triton's own code for choosing a compilation. Import without TRITON_INTERPRET.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
import triton
from torch import Tensor
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, make_backend
from triton.runtime.jit import create_function_from_signature

from dna_mamba_kernels.native.conv import ConvArguments
from dna_mamba_kernels.scan_types import ScanInputs
from dna_mamba_kernels.triton import conv, conv_kernels, scan, scan_backward_kernel, scan_forward_kernels

KERNELS = (
    (scan_forward_kernels, "summary_kernel"),
    (scan_forward_kernels, "combine_kernel"),
    (scan_forward_kernels, "scan_kernel"),
    (scan_backward_kernel, "gradient_kernel"),
    (conv_kernels, "forward_kernel"),
    (conv_kernels, "output_gradient_kernel"),
    (conv_kernels, "input_gradient_kernel"),
)


class Launch(NamedTuple):
    """One kernel and what it was given."""

    kernel: Any
    positional: tuple[Any, ...]
    named: dict[str, Any]

    @property
    def name(self) -> str:
        """As in the source."""
        return str(self.kernel.fn.__name__)

    def compilation(self, capability: int) -> "Compilation":
        """As Triton would choose it when launching on a card of that compute capability."""
        target = GPUTarget("cuda", capability, 32)
        backend = make_backend(target)
        bind = create_function_from_signature(self.kernel.signature, self.kernel.params, backend)
        bound, specialization, options = bind(*self.positional, **{**self.named, "debug": False})
        named = {**self.named, "debug": False}
        chosen, signature, constants, attributes = self.kernel._pack_args(
            backend, named, bound, specialization, options
        )
        return Compilation(self.kernel, target, signature, constants, attributes, chosen)


class Compilation(NamedTuple):
    """Two launches with equal ``key`` share one."""

    kernel: Any
    target: GPUTarget
    signature: dict[str, Any]
    constants: dict[Any, Any]
    attributes: dict[Any, Any]
    options: Any

    @property
    def key(self) -> tuple[str, ...]:
        """All that decides what is compiled."""
        return (self.kernel.fn.__name__, *map(repr, (self.signature, self.constants, self.attributes, self.options)))

    def compiled(self) -> Any:
        """Triton's result, with ``asm`` in every stage."""
        source = ASTSource(self.kernel, self.signature, self.constants, self.attributes)
        return triton.compile(source, target=self.target, options=self.options.__dict__)


class _Taken:
    """In a kernel's place."""

    def __init__(self, kernel: Any, launches: list[Launch]) -> None:
        self._kernel, self._launches = kernel, launches

    def __getitem__(self, grid: tuple[int, ...]) -> Callable[..., None]:
        if not all(0 < n < 2**31 for n in grid):
            raise ValueError(f"{self._kernel.fn.__name__} cannot be launched on a grid of {grid}")
        return lambda *args, **kwargs: self._launches.append(Launch(self._kernel, args, kwargs))


@contextmanager
def taken_down() -> Iterator[list[Launch]]:
    """The launches of everything run meanwhile, none of which takes place."""
    launches: list[Launch] = []
    kernels = [(module, name, getattr(module, name)) for module, name in KERNELS]
    for module, name, kernel in kernels:
        setattr(module, name, _Taken(kernel, launches))
    try:
        yield launches
    finally:
        for module, name, kernel in kernels:
            setattr(module, name, kernel)


class Sizes(NamedTuple):
    """Of one call of one direction of a layer."""

    batch: int = 1
    length: int = 2**20
    d_inner: int = 512
    d_state: int = 16
    d_conv: int = 4


def scan_inputs(sizes: Sizes, dtype: torch.dtype, *, gated: bool, reverse: bool, state: bool = False) -> ScanInputs:
    """As a layer passes them: x, z, B and C are slices of projections; the second direction adds and gates."""
    batch, length, d_inner, d_state, _ = sizes
    rank = -(-d_inner // 32)
    _, B_BLN, C_BLN = _meta(dtype, batch, length, rank + 2 * d_state).split([rank, d_state, d_state], dim=-1)
    z_BLD = _meta(dtype, batch, length, 2 * d_inner)[..., d_inner:] if gated else None
    u_BLD, delta_BLD, addend_BLD = (_meta(dtype, batch, length, d_inner) for _ in range(3))
    A_DN, state_BDN = _meta(torch.float32, d_inner, d_state), _meta(torch.float32, batch, d_inner, d_state)
    D_D, bias_D = _meta(dtype, d_inner), _meta(dtype, d_inner)
    return ScanInputs(
        u_BLD, delta_BLD, A_DN, B_BLN, C_BLN, D_D, bias_D, z_BLD, addend_BLD if gated else None,
        state_BDN if state else None, True, reverse,
    )  # fmt: skip


def conv_arguments(sizes: Sizes, dtype: torch.dtype, *, reverse: bool, context: bool = False) -> ConvArguments:
    """As a layer passes them: x is the first half of the input projection."""
    batch, length, d_inner, _, d_conv = sizes
    before_BKD = _meta(dtype, batch, d_conv - 1, 2 * d_inner)[..., :d_inner] if context else None
    x_BLD = _meta(dtype, batch, length, 2 * d_inner)[..., :d_inner]
    return ConvArguments(
        x_BLD, _meta(dtype, d_inner, d_conv), _meta(dtype, d_inner), before_BKD, reverse, True
    )  # fmt: skip


def infer(sizes: Sizes, dtype: torch.dtype, *, part: bool = False) -> None:
    """Both directions of a layer; ``part`` of a sequence that is read in parts, from the states handed over."""
    for reverse in (True, False):
        conv.forward(conv_arguments(sizes, dtype, reverse=reverse, context=part))
        inputs = scan_inputs(sizes, dtype, gated=not reverse, reverse=reverse, state=part)
        scan.forward(inputs, save_states=False)


def train(sizes: Sizes, dtype: torch.dtype) -> None:
    """Both directions of a layer, forward and backward."""
    for reverse in (True, False):
        arguments = conv_arguments(sizes, dtype, reverse=reverse)
        conv.forward(arguments)
        inputs = scan_inputs(sizes, dtype, gated=not reverse, reverse=reverse)
        y_BLD, _, edges = scan.forward(inputs, save_states=True)
        needs = [x is not None for x in inputs.tensors]
        scan.backward(inputs, edges, torch.empty_like(y_BLD), None, needs)
        conv.backward(arguments, torch.empty_like(y_BLD), [True, True, True, False])


def _meta(dtype: torch.dtype, *shape: int) -> Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")
