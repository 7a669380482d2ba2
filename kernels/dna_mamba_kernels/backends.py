"""Which kernel runs where, and why."""

from typing import Literal, NamedTuple, get_args

import torch

from dna_mamba_kernels.native import library

Backend = Literal["triton", "native", "chunked", "reference"]

_NATIVE_DTYPES = (torch.float32, torch.bfloat16, torch.float16)


class BackendStatus(NamedTuple):
    """Whether a backend can run here; ``reason`` in a few words, ``detail`` for whoever has to mend it."""

    available: bool
    reason: str
    detail: str = ""


class BackendUnavailableError(RuntimeError):
    """A backend was asked for by name and cannot run here."""


def choose_backend(device: torch.device, dtype: torch.dtype, *, triton: bool, native: bool) -> Backend:
    """The fastest kernel that supports this device and dtype. Same inputs, same answer.

    The native kernel computes in float32: bfloat16 and float16 tensors are converted at its boundary.
    """
    if device.type == "cuda" and triton:
        return "triton"
    if device.type == "cpu" and native and dtype in _NATIVE_DTYPES:
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
        "triton": BackendStatus(False, "not in this version"),
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
        return choose_backend(device, dtype, triton=False, native=is_native)
    name, _, isa = requested.partition(":")
    if name not in get_args(Backend) or (isa and name != "native"):
        raise ValueError(f"unknown backend {requested!r}: choose from {', '.join(get_args(Backend))}")
    status = available_backends()[name]  # type: ignore[index]
    if not status.available:
        raise BackendUnavailableError(f"backend {name!r} is not available: {status.reason} {status.detail}".strip())
    if name == "native":
        _check_native(requested, isa, device, dtype)
    return requested


def _check_native(requested: str, isa: str, device: torch.device, dtype: torch.dtype) -> None:
    if device.type != "cpu" or dtype not in _NATIVE_DTYPES:
        raise BackendUnavailableError(
            f"backend {requested!r} takes float32, bfloat16 or float16 on cpu, not {dtype} on {device}"
        )
    loaded = library.load()
    if isa and isinstance(loaded, library.Library) and isa not in loaded.isas:
        raise BackendUnavailableError(
            f"backend {requested!r} is not available: this machine runs {', '.join(loaded.isas)}"
        )
