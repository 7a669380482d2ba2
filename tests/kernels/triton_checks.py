"""What the Triton kernels must satisfy, on a CUDA device or in the interpreter. Plain torch: benchmarks/gpu.py runs it.

The interpreter takes a millisecond for an operation of a kernel: its problems are a few steps long and cut into chunks
of a few steps, so that every path is taken; a card gets lengths up to a million, cut as in use.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from dna_mamba_kernels import depthwise_conv, selective_scan
from dna_mamba_kernels.triton import tiling
from tests.kernels.problems import (
    OPTIONS,
    assert_close,
    conv_case,
    distance,
    run_conv,
    run_scan,
    scan_case,
)

PER_POSITION = ("u", "delta", "B", "C", "z", "addend")
TINY = tiling.Tiling(chunk=8, edge=4, unroll=2)

SCANS = [  # batch, length, d_inner, d_state, options
    (1, 1, 1, 1, OPTIONS),
    (2, 19, 3, 3, OPTIONS),
    (1, 8, 33, 2, ("z",)),
    (1, 7, 2, 3, ("addend",)),
    (1, 17, 2, 4, ("D",)),
    (3, 9, 2, 1, ("delta_bias", "initial_state")),
    (1, 3, 2, 17, ()),
]
LONG_SCANS = [
    (1, 5000, 6, 4, OPTIONS),
    (2, 1023, 40, 16, OPTIONS),
    (3, 513, 271, 3, ()),
    (1, 2049, 10, 64, OPTIONS),
    (1, 600, 130, 33, ("D", "delta_bias")),
    (5, 300, 512, 16, ("D", "delta_bias")),
    (1, 70000, 64, 16, ("D", "delta_bias")),
]
CONVS = [(1, 1, 3, 1), (2, 19, 5, 4), (1, 2, 17, 3), (1, 260, 2, 4)]
LONG_CONVS = [(2, 5000, 300, 4), (1, 70000, 512, 4), (3, 31, 5, 8)]


@contextmanager
def cut_into(cut: tiling.Tiling | None) -> Iterator[None]:
    """Scans cut as given instead of by their length."""
    usual = tiling.tiling
    if cut is not None:
        tiling.tiling = lambda length: cut
    try:
        yield
    finally:
        tiling.tiling = usual


def check_scan(device: str, shape: tuple[Any, ...], reverse: bool, cut: tiling.Tiling | None = None) -> float:
    """Outputs and gradients against float64: the plain reference, or in chunks where that would take minutes.

    Returns the distance of y. The interpreter's powers of two are exact; a card's are good to two units in the last
    place (CUDA programming guide, ex2.approx), and a decay close to 1 adds that up over the positions it remembers.
    """
    *sizes, options = shape
    case = scan_case(*sizes, options=options)
    exact_by = "reference" if sizes[1] < 600 else "chunked"
    exact = run_scan(case, exact_by, torch.float64, device=device, reverse=reverse)
    with cut_into(cut):
        result = run_scan(case, "triton", device=device, reverse=reverse)
    slack = 1 if device == "cpu" else 10
    assert_close(result, exact, outputs=1e-5 * slack, gradients=1e-4 * slack)
    return distance(result.outputs[0], exact.outputs[0])


def check_conv(device: str, shape: tuple[int, ...], reverse: bool, silu: bool = True) -> None:
    case = conv_case(*shape)
    exact = run_conv(case, "reference", torch.float64, device=device, reverse=reverse, silu=silu)
    result = run_conv(case, "triton", device=device, reverse=reverse, silu=silu)
    assert_close(result, exact, outputs=2e-6, gradients=1e-5)


def check_half(device: str, dtype: torch.dtype) -> None:
    """Half precision at the boundary, float32 inside; gradients come in the dtypes of their tensors."""
    case = {k: x.to(device) for k, x in scan_case(1, 11, 3, 2).items()}
    half = {k: x.to(dtype) if k in PER_POSITION else x for k, x in case.items()}
    with cut_into(TINY):
        leaves = {k: x.clone().requires_grad_() for k, x in half.items()}
        y, final = selective_scan(**leaves, delta_softplus=True, backend="triton")
        grads = torch.autograd.grad(y.float().sum() + final.sum(), list(leaves.values()))
    exact_leaves = {k: x.double().requires_grad_() for k, x in half.items()}
    exact, exact_final = selective_scan(**exact_leaves, delta_softplus=True, backend="chunked")
    exact_grads = torch.autograd.grad(exact.sum() + exact_final.sum(), list(exact_leaves.values()))
    eps = torch.finfo(dtype).eps
    assert y.dtype == dtype and final.dtype == torch.float32
    assert distance(y, exact) < eps and distance(final, exact_final) < 1e-5
    for (name, x), grad, exact_grad in zip(half.items(), grads, exact_grads, strict=True):
        assert grad.dtype == x.dtype
        assert distance(grad, exact_grad) < (eps if name in PER_POSITION else 1e-4), name


def check_strides(device: str) -> None:
    """Slices of one projection, time-first delta and an expanded dy: the same bits as contiguous copies."""
    batch, length, d_inner, d_state = 2, 9, 3, 2
    projection = torch.randn(batch, length, 2 * d_inner + 2 * d_state + 5, device=device)
    u, z, B, C, _ = projection.split([d_inner, d_inner, d_state, d_state, 5], dim=-1)
    delta = torch.randn(length, batch, d_inner, device=device).transpose(0, 1)
    A = -torch.rand(d_inner, d_state, device=device)
    views = {"u": u, "delta": delta, "A": A, "B": B, "C": C, "z": z}
    results = []
    with cut_into(TINY):
        for tensors in (views, {name: x.contiguous() for name, x in views.items()}):
            leaves = {k: x.detach().requires_grad_() for k, x in tensors.items()}
            y, final = selective_scan(**leaves, delta_softplus=True, reverse=True, backend="triton")
            results.append([y, final, *torch.autograd.grad(y.sum() + final.sum(), list(leaves.values()))])
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def check_batch_mates(device: str) -> None:
    """A sequence gives the same bits alone and among others; so do two runs, gradients included."""
    case = {k: x.to(device) for k, x in scan_case(3, 10, 3, 2).items()}
    with cut_into(TINY):
        together, _ = selective_scan(**case, delta_softplus=True, backend="triton")
        alone = {k: x[1:2] if k in (*PER_POSITION, "initial_state") else x for k, x in case.items()}
        y, _ = selective_scan(**alone, delta_softplus=True, backend="triton")
        first, second = (run_scan(scan_case(1, 9, 3, 2), "triton", device=device) for _ in range(2))
    assert torch.equal(y[0], together[1])
    assert torch.equal(first.outputs[0], second.outputs[0])
    assert all(torch.equal(a, second.gradients[name]) for name, a in first.gradients.items())


def check_reverse(device: str) -> None:
    """Scanning from the right gives the bits of the flipped sequence's scan."""
    case = {k: x.to(device) for k, x in scan_case(1, 11, 3, 2).items()}
    flipped = {k: x.flip(1) if k in PER_POSITION else x for k, x in case.items()}
    with cut_into(TINY):
        y, final = selective_scan(**case, reverse=True, delta_softplus=True, backend="triton")
        y_flipped, final_flipped = selective_scan(**flipped, delta_softplus=True, backend="triton")
    assert torch.equal(y, y_flipped.flip(1)) and torch.equal(final, final_flipped)


def check_empty(device: str) -> None:
    """No position, no sequence: the state is handed on, and its gradient back."""
    case = {k: x.to(device).requires_grad_() for k, x in scan_case(2, 0, 3, 2).items()}
    y, final = selective_scan(**case, backend="triton")
    assert y.shape == (2, 0, 3) and torch.equal(final, case["initial_state"])
    (grad,) = torch.autograd.grad(final.square().sum(), case["initial_state"])
    assert torch.equal(grad, 2 * case["initial_state"])
    nothing = {k: x.to(device) for k, x in scan_case(0, 4, 3, 2).items()}
    assert selective_scan(**nothing, backend="triton")[0].shape == (0, 4, 3)
    x = torch.zeros(2, 0, 3, device=device)
    assert depthwise_conv(x, torch.ones(3, 4, device=device), backend="triton").shape == (2, 0, 3)


def check_extremes(device: str) -> None:
    """The product delta A from -1e-3 to -1e6, softplus over [-60, 60]: finite and exact, gradients too."""
    case = scan_case(1, 12, 8, 4, options=())
    case["A"] = -torch.logspace(-3, 6, 4).repeat(8, 1)
    case["delta"] = torch.linspace(-60, 60, 96).reshape(1, 12, 8)
    exact = run_scan(case, "reference", torch.float64, device=device)
    with cut_into(TINY):
        result = run_scan(case, "triton", device=device)
    assert all(torch.isfinite(x).all() for x in [*result.outputs, *result.gradients.values()])
    assert_close(result, exact)


def check_softplus(device: str) -> None:
    """One step of a state that keeps all it is given: the step size itself, exact relative to its own magnitude.

    The exponent of e^-|x| is rounded, which costs |x| times half a unit in the last place.
    """
    raw = torch.linspace(-30, 30, 2001)[None, None]
    ones = torch.ones(1, 1, 1)
    case = {"u": torch.ones_like(raw), "delta": raw, "A": torch.zeros(2001, 1), "B": ones, "C": ones}
    y, _ = selective_scan(**{k: x.to(device) for k, x in case.items()}, delta_softplus=True, backend="triton")
    exact = torch.log1p(torch.exp(raw.double()))
    slack = 1 if device == "cpu" else 4  # powers of two are the card's own
    allowed = slack * (3e-7 + raw.abs() * 2**-24)
    assert bool(((y.cpu().double() / exact - 1).abs() < allowed).all())


def check_far_rows(device: str) -> None:
    """Rows more than 2^31 elements apart, in memory that is only reserved: offsets are 64 bits wide."""
    apart, length = 2**30 + 64, 3
    storage = torch.empty(apart * (length - 1) + 8, dtype=torch.bfloat16, device=device)
    far = storage.as_strided((1, length, 4), (0, apart, 1))
    case = {k: x.to(device) for k, x in scan_case(1, length, 4, 1, options=()).items()}
    near = case["u"].bfloat16()
    far.copy_(near)
    for reverse in (False, True):
        y, _ = selective_scan(**{**case, "u": far}, reverse=reverse, delta_softplus=True, backend="triton")
        expected, _ = selective_scan(**{**case, "u": near}, reverse=reverse, delta_softplus=True, backend="triton")
        assert torch.equal(y, expected)
        weight = torch.ones(4, 2, device=device)
        y = depthwise_conv(far, weight, reverse=reverse, backend="triton")
        assert torch.equal(y, depthwise_conv(near, weight, reverse=reverse, backend="triton"))


def check_some_gradients(device: str) -> None:
    """Gradients of some inputs only, and through the final state alone."""
    case = {k: x.to(device) for k, x in scan_case(1, 9, 3, 2).items()}
    with cut_into(TINY):
        for wanted in (["u"], ["A", "delta_bias"], ["C", "z"], ["addend"]):
            outcomes = []
            for backend in ("triton", "chunked"):
                leaves = {k: x.detach().requires_grad_(k in wanted) for k, x in case.items()}
                _, final = selective_scan(**leaves, delta_softplus=True, backend=backend)
                y, _ = selective_scan(**leaves, delta_softplus=True, backend=backend)
                total = final.square().sum() if wanted == ["u"] else y.square().sum()
                outcomes.append(torch.autograd.grad(total, [leaves[k] for k in wanted]))
            for a, b in zip(*outcomes, strict=True):
                assert distance(a, b) < 1e-5


def check_million(device: str) -> float:
    """2^20 positions with gradients against float64; the other direction gives the bits of the flipped sequence."""
    shape = (1, 2**20, 32, 16, ("D", "delta_bias"))
    *sizes, options = shape
    case = {k: x.to(device) for k, x in scan_case(*sizes, options=options).items()}
    flipped = {k: x.flip(1) if k in PER_POSITION else x for k, x in case.items()}
    y, _ = selective_scan(**case, reverse=True, delta_softplus=True, backend="triton")
    assert torch.equal(y.flip(1), selective_scan(**flipped, delta_softplus=True, backend="triton")[0])
    return check_scan(device, shape, False)


def check_huge(device: str) -> None:
    """More than 2^31 elements, against the same sequence scanned in pieces."""
    length, d_inner = 2**21 + 70, 1100
    case = {k: x.to(device) for k, x in scan_case(1, 1, d_inner, 2, options=("D",)).items()}
    u = torch.empty(1, length, d_inner, dtype=torch.bfloat16, device=device).normal_()
    delta = torch.full_like(u, -2.0)
    B, C = (torch.randn(1, length, 2, device=device) for _ in range(2))
    arguments = {"A": case["A"], "D": case["D"], "delta_softplus": True, "backend": "triton"}
    y, final = selective_scan(u, delta, B=B, C=C, **arguments)
    state = None
    for part in (slice(0, 2**20), slice(2**20, 2**21), slice(2**21, length)):
        views = {"B": B[:, part], "C": C[:, part], "initial_state": state}
        y_part, state = selective_scan(u[:, part], delta[:, part], **views, **arguments)
        assert distance(y[:, part][:, -100:], y_part[:, -100:]) < 0.01
    assert distance(final, state) < 1e-5


def checks(device: str) -> dict[str, Callable[[], Any]]:
    """Every check for that device by name: small ones in the interpreter ("cpu"), all of them on a card."""
    on_card = device != "cpu"
    found: dict[str, Callable[[], Any]] = {}
    for reverse in (False, True):
        way = "reverse" if reverse else "forward"
        for shape in SCANS:
            found[f"scan {shape[:4]} {way}"] = partial(check_scan, device, shape, reverse, TINY)
        for conv_shape in CONVS:
            silu = conv_shape[2] != 17
            found[f"conv {conv_shape} {way}"] = partial(check_conv, device, conv_shape, reverse, silu)
        for shape in LONG_SCANS if on_card else ():
            found[f"scan {shape[:4]} {way}"] = partial(check_scan, device, shape, reverse)
        for conv_shape in LONG_CONVS if on_card else ():
            found[f"conv {conv_shape} {way}"] = partial(check_conv, device, conv_shape, reverse)
    for dtype in (torch.bfloat16, torch.float16):
        found[f"half {dtype}"] = partial(check_half, device, dtype)
    others: list[Callable[[str], Any]] = [
        check_strides,
        check_batch_mates,
        check_reverse,
        check_empty,
        check_extremes,
        check_softplus,
        check_some_gradients,
    ]
    others += [check_far_rows]
    if on_card:
        others += [check_million, check_huge]
    return found | {check.__name__.removeprefix("check_"): partial(check, device) for check in others}
