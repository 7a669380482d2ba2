"""Offsets and element counts beyond 2^31, where 32-bit arithmetic wraps.

Large inputs cost no memory: rows lie far apart in memory that is never touched, or are one row seen many times.
"""

import pytest
import torch
from torch import Tensor

from dna_mamba.machine import available_memory
from dna_mamba_kernels import depthwise_conv, selective_scan
from dna_mamba_kernels.scan_types import ScanInputs
from tests.kernels.cases import NATIVE, distance, scan_case

STEPS, CHANNELS, STATES = 5, 16, 3
ROW_STRIDE = 2**29 + 64
"""Between rows: the last of five starts beyond element 2^31."""
LENGTH = 2**27 + 3
"""Positions of 16 channels each: 2^31 + 48 elements."""
BY_ROW = ("u", "delta", "B", "C", "z", "addend")


@pytest.fixture(scope="module")
def untouched() -> Tensor:
    try:
        return torch.empty(STEPS * ROW_STRIDE)
    except RuntimeError as error:
        pytest.skip(f"no room for 10 GiB of addresses: {error}")


def far_apart(rows_BLX: Tensor, column: int, memory: Tensor) -> Tensor:
    """The same rows, ``ROW_STRIDE`` apart, from a column on."""
    _, length, width = rows_BLX.shape
    return memory.as_strided((1, length, width), (0, ROW_STRIDE, 1), column).copy_(rows_BLX)


def outputs_and_gradients(case: dict[str, Tensor], dy: Tensor, backend: str, reverse: bool) -> list[Tensor]:
    rows = {name: case[name].detach().requires_grad_() for name in BY_ROW}
    y, state = selective_scan(**(case | rows), delta_softplus=True, reverse=reverse, backend=backend)
    return [y, state, *torch.autograd.grad(y, list(rows.values()), dy)]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("backend", ["chunked", *NATIVE])
def test_scan_reads_beyond_two_to_the_31(backend: str, reverse: bool, untouched: Tensor) -> None:
    near = scan_case(1, STEPS, CHANNELS, STATES)
    far = near | {name: far_apart(near[name], CHANNELS * i, untouched) for i, name in enumerate(BY_ROW)}
    dy = near["u"].flip(1)
    far_dy = far_apart(dy, CHANNELS * len(BY_ROW), untouched)
    results = outputs_and_gradients(far, far_dy, backend, reverse)
    for a, b in zip(results, outputs_and_gradients(near, dy, backend, reverse), strict=True):
        assert distance(a, b) < 1e-6


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("backend", NATIVE)
def test_convolution_reads_beyond_two_to_the_31(backend: str, reverse: bool, untouched: Tensor) -> None:
    x, weight = torch.randn(1, STEPS, CHANNELS), torch.randn(CHANNELS, 4)
    far = depthwise_conv(far_apart(x, 0, untouched), weight, reverse=reverse, backend=backend)
    assert distance(far, depthwise_conv(x, weight, reverse=reverse, backend=backend)) < 1e-6


def one_row(*shape: int, seed: int) -> Tensor:
    """The same row at every position."""
    row = torch.randn(1, 1, shape[-1], generator=torch.Generator().manual_seed(seed))
    return row.expand(1, *shape)


def constant_case(length: int) -> dict[str, Tensor]:
    names = {"u": CHANNELS, "delta": CHANNELS, "B": 1, "C": 1}
    rows = {name: one_row(length, width, seed=i) for i, (name, width) in enumerate(names.items())}
    return rows | {"A": -torch.ones(CHANNELS, 1)}


def require_gibibytes(count: int) -> None:
    free = available_memory()
    if free is None or free < count * 2**30:
        pytest.skip(f"{count} GiB of memory are needed")


@pytest.mark.slow
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("backend", NATIVE[:1])
def test_scan_writes_beyond_two_to_the_31(backend: str, reverse: bool) -> None:
    """A constant input: far from its start, every position of a long scan is what a short one settles to."""
    require_gibibytes(10)
    y, state = selective_scan(**constant_case(LENGTH), delta_softplus=True, reverse=reverse, backend=backend)
    short, settled = selective_scan(**constant_case(4096), delta_softplus=True, reverse=reverse, backend=backend)
    assert y.numel() > 2**31 and distance(state, settled) < 1e-6
    ends = (slice(0, 100), slice(-100, None))
    for window in ends:
        assert distance(y[:, window], short[:, window]) < 1e-6
    middle = y[:, 2**26 : 2**26 + 100]
    assert distance(middle, short[:, 2000:2100]) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("backend", NATIVE[:1])
def test_scan_gradients_beyond_two_to_the_31(backend: str) -> None:
    require_gibibytes(20)
    ends = [du_ends(length, backend) for length in (LENGTH, 4096)]
    for a, b in zip(*ends, strict=True):
        assert distance(a, b) < 1e-5


def du_ends(length: int, backend: str) -> list[Tensor]:
    """The gradient by u at either end of a constant sequence."""
    case = constant_case(length)
    u, delta, A, B, C = (case[name] for name in ("u", "delta", "A", "B", "C"))
    inputs = ScanInputs(u, delta, A, B, C, None, None, None, None, None, delta_softplus=True, reverse=False)
    _, _, edges = torch.ops.dna_mamba.selective_scan(*inputs, backend, True)
    needs = [tensor is inputs.u_BLD for tensor in inputs.tensors]
    dy = one_row(length, CHANNELS, seed=9)
    du, *_ = torch.ops.dna_mamba.selective_scan_backward(*inputs, backend, edges, dy, None, needs)
    return [du[:, :100].clone(), du[:, -100:].clone()]
