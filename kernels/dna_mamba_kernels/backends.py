"""Which kernel runs where, and why."""

from typing import Literal, NamedTuple, get_args

import torch

from dna_mamba_kernels.native import library
from dna_mamba_kernels.triton import availability as triton_availability

Backend = Literal["triton", "native", "chunked", "reference"]

_KERNEL_DTYPES = (torch.float32, torch.bfloat16, torch.float16)


class BackendStatus(NamedTuple):
    """Whether a backend can run here; ``reason`` in a few words, ``detail`` for whoever has to mend it."""

    available: bool
    reason: str
    detail: str = ""


class BackendUnavailableError(RuntimeError):
    """A backend was asked for by name and cannot run here."""


def choose_backend(device: torch.device, dtype: torch.dtype, *, triton: bool, native: bool) -> Backend:
    """The fastest kernel that supports this device and dtype. Same inputs, same answer.

    The kernels compute in float32. Both read and write bfloat16 themselves; float16 is converted at the native kernel's
    boundary and inside the Triton kernel. float64 is left to plain torch.
    """
    if device.type == "cuda" and triton and dtype in _KERNEL_DTYPES:
        return "triton"
    if device.type == "cpu" and native and dtype in _KERNEL_DTYPES:
        return "native"
    return "chunked"


def available_backends() -> dict[Backend, BackendStatus]:
    """Every backend this package knows, fastest first, with the reason it can or cannot run on this machine."""
    loaded = library.load()
    if isinstance(loaded, library.Missing):
        native = BackendStatus(False, loaded.reason, loaded.detail)
    else:
        native = BackendStatus(True, f"{loaded.best_isa}, threads by {loaded.threading}", f"loaded from {loaded.path}")
    return {
        "triton": BackendStatus(*triton_availability.describe()),
        "native": native,
        "chunked": BackendStatus(True, f"plain torch {torch.__version__}"),
        "reference": BackendStatus(True, "plain torch, for checking results"),
    }


def resolve_backend(requested: str | None, device: torch.device, dtype: torch.dtype) -> str:
    """The backend to run: the one asked for, or the choice of ``choose_backend``.

    ``native:avx2`` forces one instruction set of the native kernel (see ``native.library.Library.isas``).
    Raises ValueError for an unknown name, BackendUnavailableError for one that cannot run here.
    """
    if requested is None:
        is_native = not isinstance(library.load(), library.Missing)
        is_triton = device.type == "cuda" and triton_availability.runs_on_cuda()
        return choose_backend(device, dtype, triton=is_triton, native=is_native)
    name, _, isa = requested.partition(":")
    if name not in get_args(Backend) or (isa and name != "native"):
        raise ValueError(f"unknown backend {requested!r}: choose from {', '.join(get_args(Backend))}")
    status = available_backends()[name]  # type: ignore[index]
    if not status.available:
        raise BackendUnavailableError(f"backend {name!r} is not available: {status.reason} {status.detail}".strip())
    if name == "native":
        _check_native(requested, isa, device, dtype)
    if name == "triton":
        _check_triton(device, dtype)
    return requested


def _check_native(requested: str, isa: str, device: torch.device, dtype: torch.dtype) -> None:
    if device.type != "cpu" or dtype not in _KERNEL_DTYPES:
        raise BackendUnavailableError(
            f"backend {requested!r} takes float32, bfloat16 or float16 on cpu, not {dtype} on {device}"
        )
    loaded = library.load()
    if isa and isinstance(loaded, library.Library) and isa not in loaded.isas:
        raise BackendUnavailableError(
            f"backend {requested!r} is not available: this machine runs {', '.join(loaded.isas)}"
        )


def _check_triton(device: torch.device, dtype: torch.dtype) -> None:
    wanted = "cpu" if triton_availability.is_interpreted() else "cuda"
    if device.type != wanted or dtype not in _KERNEL_DTYPES:
        raise BackendUnavailableError(
            f"backend 'triton' takes float32, bfloat16 or float16 on {wanted}, not {dtype} on {device}"
        )
