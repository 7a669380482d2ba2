"""The scan and the convolution alone, against what a card cannot beat and what others offer: part 1 of gpu.py."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import torch
from card import Card, both_passes
from rival import channels_first
from rival import scan as rival_scan
from torch import Tensor
from torch.nn import functional as F

from dna_mamba_kernels import depthwise_conv, selective_scan

Row = dict[str, Any]
D_STATE, D_CONV = 16, 4
DTYPES = (torch.bfloat16, torch.float32)


class Plan(NamedTuple):
    """Which sizes are measured."""

    d_inner: int = 512
    shapes: tuple[tuple[int, int], ...] = ((1, 2**13), (8, 2**13), (1, 2**17), (2, 2**17), (8, 2**17), (1, 2**20))
    first: tuple[tuple[int, int], ...] = ((1, 1000), (1, 4096), (3, 5001))
    """Shapes of first calls: one compilation serves them all."""


DRY = Plan(8, ((1, 24), (2, 16)), ((1, 5), (1, 16)))


def rows(card: Card, plan: Plan, rival: Any) -> Iterator[Row]:
    """First calls, then every operation: forward, and forward and backward."""
    yield from first_calls(card, plan)
    for dtype in DTYPES:
        for batch, length in plan.shapes:
            yield from scans(card, plan, batch, length, dtype, rival)
            yield from convs(card, plan, batch, length, dtype)
            if card.device != "cpu":
                torch.cuda.empty_cache()


def first_calls(card: Card, plan: Plan) -> Iterator[Row]:
    """Seconds of a first forward and backward, and of the next ones of other shapes."""
    for batch, length in plan.first:
        inputs = scan_inputs(card, plan, batch, length, torch.bfloat16, gated=True)
        seconds = card.first(both_passes(partial(_scan, card.backend, False), inputs))
        yield {"operation": "first call, scan", **_shape(batch, length, torch.bfloat16), "first_s": seconds}


def scans(card: Card, plan: Plan, batch: int, length: int, dtype: torch.dtype, rival: Any) -> Iterator[Row]:
    """The two directions of a layer, and the same numbers by other means."""
    for gated in (False, True):
        inputs = scan_inputs(card, plan, batch, length, dtype, gated=gated)
        shape = _shape(batch, length, dtype) | {"gated": gated}
        per_position = 5 if gated else 3
        n_bytes = (per_position * plan.d_inner + 2 * D_STATE) * batch * length * dtype.itemsize
        floors = card.floors_s(n_bytes, batch * length * plan.d_inner * D_STATE)
        call = partial(_scan, card.backend, not gated)
        yield {"operation": "scan", **shape, **floors, **timed(card, call, inputs)}
        if length <= 2**13:
            chunked = partial(_scan, "chunked", not gated)
            yield {"operation": "scan, chunked path", **shape, **timed(card, chunked, inputs)}
        if rival is None:
            continue
        without = {k: x for k, x in inputs.items() if k != "addend"}
        yield {"operation": "scan, mamba-ssm and its transposes", **shape,
               **timed(card, rival_scan(rival, turned=True), without)}  # fmt: skip
        yield {"operation": "scan, mamba-ssm", **shape,
               **timed(card, rival_scan(rival, turned=False), channels_first(without))}  # fmt: skip


def convs(card: Card, plan: Plan, batch: int, length: int, dtype: torch.dtype) -> Iterator[Row]:
    """The convolution with its SiLU, and torch's with the transposes that it needs and without."""
    inputs = conv_inputs(card, plan, batch, length, dtype)
    floors = card.floors_s(2 * batch * length * plan.d_inner * dtype.itemsize)
    shape = _shape(batch, length, dtype)
    yield {"operation": "conv", **shape, **floors, **timed(card, partial(_conv, card.backend), inputs)}
    yield {"operation": "conv, conv1d and its transposes", **shape, **timed(card, _conv1d_turned, inputs)}
    turned = inputs | {"x": inputs["x"].transpose(1, 2).contiguous()}
    yield {"operation": "conv, conv1d", **shape, **timed(card, _conv1d, turned)}


def timed(card: Card, call: Callable[..., Tensor], inputs: dict[str, Tensor]) -> Row:
    """Seconds of the forward and of both passes, and the memory of both."""
    with torch.no_grad():
        forward_s = card.measure(lambda: call(**inputs))
    both = both_passes(call, inputs)
    both_s = card.measure(both)
    return {"forward_s": forward_s, "both_s": both_s, "peak_bytes": card.peak_bytes(both)}


def scan_inputs(
    card: Card, plan: Plan, batch: int, length: int, dtype: torch.dtype, *, gated: bool
) -> dict[str, Tensor]:
    """As a layer passes them: B, C and z are slices of projections; A and delta as Mamba starts."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, device=card.device, dtype=dtype)

    d_inner = plan.d_inner
    projection_BLP = normal(batch, length, 16 + 2 * D_STATE)
    steps_D = torch.logspace(-3, -1, d_inner, device=card.device)
    found = {
        "u": normal(batch, length, d_inner),
        "delta": normal(batch, length, d_inner) * 0.3,
        "A": -torch.arange(1.0, D_STATE + 1, device=card.device).repeat(d_inner, 1),
        "B": projection_BLP[..., 16 : 16 + D_STATE],
        "C": projection_BLP[..., 16 + D_STATE :],
        "D": torch.ones(d_inner, device=card.device),
        "delta_bias": steps_D + torch.log(-torch.expm1(-steps_D)),
    }
    if gated:
        found["z"] = normal(batch, length, 2 * d_inner)[..., d_inner:]
        found["addend"] = normal(batch, length, d_inner)
    return found


def conv_inputs(card: Card, plan: Plan, batch: int, length: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """As a layer passes them: x is half of the input projection."""
    return {
        "x": torch.randn(batch, length, 2 * plan.d_inner, device=card.device, dtype=dtype)[..., : plan.d_inner],
        "weight": torch.randn(plan.d_inner, D_CONV, device=card.device, dtype=dtype),
        "bias": torch.randn(plan.d_inner, device=card.device, dtype=dtype),
    }


def _scan(backend: str | None, reverse: bool, **inputs: Tensor) -> Tensor:
    return selective_scan(**inputs, delta_softplus=True, reverse=reverse, backend=backend)[0]


def _conv(backend: str | None, **inputs: Tensor) -> Tensor:
    return depthwise_conv(**inputs, silu=True, backend=backend)


def _conv1d(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    channels, taps = weight.shape
    return F.silu(F.conv1d(F.pad(x, (taps - 1, 0)), weight[:, None], bias, groups=channels))


def _conv1d_turned(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return _conv1d(x.transpose(1, 2).contiguous(), weight, bias).transpose(1, 2).contiguous()


def _shape(batch: int, length: int, dtype: torch.dtype) -> Row:
    return {"batch": batch, "length": length, "dtype": str(dtype).removeprefix("torch.")}
