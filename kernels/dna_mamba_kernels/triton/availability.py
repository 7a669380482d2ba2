"""Whether the Triton kernels can run here, found out without importing triton."""

import importlib.util
import os
from functools import cache
from typing import NamedTuple

import torch


class Availability(NamedTuple):
    """As ``BackendStatus``."""

    available: bool
    reason: str
    detail: str = ""


def is_interpreted() -> bool:
    """Whether triton runs its kernels in its interpreter, on CPU tensors; triton reads this when it is imported."""
    return os.environ.get("TRITON_INTERPRET") == "1"


@cache
def _installed() -> bool:
    return importlib.util.find_spec("triton") is not None


def describe() -> Availability:
    """Whether and where the kernels run, or what is missing."""
    if not _installed():
        return Availability(False, "triton is not installed", "pip install triton (Linux)")
    if is_interpreted():
        return Availability(True, "interpreted, on the CPU, for tests", "TRITON_INTERPRET=1 is set")
    if not torch.cuda.is_available():
        return Availability(
            False, "no CUDA device", "for tests on the CPU set TRITON_INTERPRET=1 before triton is imported"
        )
    name = torch.cuda.get_device_name()
    major, minor = torch.cuda.get_device_capability()
    if torch.version.hip is None and major < 8:
        return Availability(False, f"{name} has compute capability {major}.{minor}", "the kernels need 8.0")
    return Availability(True, name, f"compute capability {major}.{minor}")


def runs_on_cuda() -> bool:
    """Whether the kernels are what a CUDA tensor should get without being asked for."""
    return not is_interpreted() and describe().available
