"""What this machine offers: devices, kernels, versions, and two short measurements of speed."""

import platform
import time
from collections.abc import Callable
from importlib import metadata
from typing import NamedTuple

import torch
from pysam.version import __htslib_version__

from dna_mamba.checkpoints import load_model, packaged_models
from dna_mamba.machine import processor_name
from dna_mamba.version import __version__
from dna_mamba_kernels import available_backends, choose_backend, selective_scan
from dna_mamba_kernels.products import (
    ProductLibrary,
    chosen_library,
    gigaflops,
    has_fast_bfloat16,
    has_onednn,
)

SCAN_SHAPE = (1, 2048, 512, 16)
"""Batch, length, d_inner, d_state of the scan that is timed."""
MODEL_TOKENS = 512
_MEASURE_SECONDS = 0.6
_PACKAGES = ("torch", "numpy", "pysam", "triton")


class Device(NamedTuple):
    """A device torch sees, and the kernel that ``choose_backend`` picks on it for float32."""

    name: str
    description: str
    kernel: str


class Kernel(NamedTuple):
    """Whether a kernel can run here, and why."""

    name: str
    available: bool
    reason: str
    detail: str


class Products(NamedTuple):
    """Which library multiplies matrices of float32 on the CPU, why, and how fast those there are do it."""

    library: str
    reason: str
    gigaflops: dict[str, float]
    """By library, and of bfloat16 (torch's) as ``bfloat16``."""
    bfloat16: str
    """Whether the processor multiplies bfloat16 itself, in words."""


class Speed(NamedTuple):
    """Best of a few runs on the CPU; ``model`` is None where no model is packaged."""

    scan_ns_per_channel_step: float
    model: str | None
    model_tokens_per_second: float | None


class Inspection(NamedTuple):
    """Everything ``dna-mamba doctor`` reports. ``versions`` holds None for what is not installed."""

    versions: dict[str, str | None]
    platform: str
    threads: int
    devices: list[Device]
    kernels: list[Kernel]
    products: Products
    speed: Speed


def inspect_machine() -> Inspection:
    """Look at this machine with the threads torch is set to; takes a few seconds, most of them measuring."""
    return Inspection(
        versions=_versions(),
        platform=f"{platform.system()} {platform.machine()}",
        threads=torch.get_num_threads(),
        devices=_devices(),
        kernels=[Kernel(name, *status) for name, status in available_backends().items()],
        products=_products(),
        speed=_speed(),
    )


def _versions() -> dict[str, str | None]:
    installed = {name: _version_of(name) for name in _PACKAGES}
    return {"dna-mamba": __version__, "python": platform.python_version(), **installed, "htslib": __htslib_version__}


def _version_of(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _devices() -> list[Device]:
    found = [(torch.device("cpu"), processor_name())]
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        found.append((torch.device("cuda", index), f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"))
    if torch.backends.mps.is_available():
        found.append((torch.device("mps"), "Apple GPU"))
    backends = available_backends()

    def kernel_of(device: torch.device) -> str:
        native, triton = backends["native"].available, backends["triton"].available
        return choose_backend(device, torch.float32, triton=triton, native=native)

    return [Device(str(device), description, kernel_of(device)) for device, description in found]


def _products() -> Products:
    libraries: list[ProductLibrary] = ["torch", "onednn"] if has_onednn() else ["torch"]
    speeds: dict[str, float] = {library: gigaflops(library, seconds=_MEASURE_SECONDS / 2) for library in libraries}
    bfloat16 = gigaflops("torch", torch.bfloat16, seconds=_MEASURE_SECONDS / 2)
    own = "this processor multiplies bfloat16 itself"
    slow = "without AVX512-BF16, AMX or Arm BF16 bfloat16 is converted first: float32 is the faster choice here"
    return Products(*chosen_library(), {**speeds, "bfloat16": bfloat16}, own if has_fast_bfloat16() else slow)


def _speed() -> Speed:
    name = next(iter(packaged_models()), None)
    tokens_per_second = None if name is None else _model_tokens_per_second(name)
    return Speed(_scan_ns_per_channel_step(), name, tokens_per_second)


def _scan_ns_per_channel_step() -> float:
    batch, length, d_inner, d_state = SCAN_SHAPE
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator)

    u_BLD, delta_BLD, A_DN = random(batch, length, d_inner), random(batch, length, d_inner), -random(d_inner, d_state)
    B_BLN, C_BLN = random(batch, length, d_state), random(batch, length, d_state)
    seconds = _best_seconds(lambda: selective_scan(u_BLD, delta_BLD, A_DN, B_BLN, C_BLN, delta_softplus=True))
    return seconds * 1e9 / (batch * length * d_inner)


def _model_tokens_per_second(name: str) -> float:
    model = load_model(name)
    maskable = torch.from_numpy(model.tokenizer.maskable_ids)
    choice = torch.randint(len(maskable), (1, MODEL_TOKENS), generator=torch.Generator().manual_seed(0))
    ids_BL = maskable[choice]
    return MODEL_TOKENS / _best_seconds(lambda: model(ids_BL))


@torch.inference_mode()
def _best_seconds(run: Callable[[], object]) -> float:
    """The shortest of the runs that fit into a budget, after one that is not counted."""
    run()
    best, deadline = float("inf"), time.perf_counter() + _MEASURE_SECONDS
    while best == float("inf") or time.perf_counter() < deadline:
        started = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - started)
    return best
