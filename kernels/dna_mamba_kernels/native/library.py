"""Find and load the compiled kernel, or say why there is none."""

import ctypes
import functools
import sys
from pathlib import Path
from typing import NamedTuple

import torch

import dna_mamba_kernels

ABI_VERSION = 1
"""Raised with every change of the C interface; a library with another number is refused."""

_SUFFIX = ".dylib" if sys.platform == "darwin" else ".so"
_FILE_NAME = f"libdna_mamba_native{_SUFFIX}"
_REASON_NAME = "not_built.txt"
"""Written by CMakeLists.txt in place of the library when it could not be built."""

_ISA_NAMES = ("portable", "neon", "avx2", "avx512")
"""By the number the C interface gives them, slowest first."""


class Missing(NamedTuple):
    """Why the native kernel cannot run here."""

    reason: str
    detail: str = ""


class Library(NamedTuple):
    """The loaded kernel."""

    handle: ctypes.CDLL
    path: Path
    isas: dict[str, int]
    """Instruction sets this machine can run, with their numbers, fastest first."""
    parallel: int
    """Address of ``GOMP_parallel`` in the OpenMP runtime torch uses, 0 where it has none."""

    @property
    def best_isa(self) -> str:
        return next(iter(self.isas))

    @property
    def threading(self) -> str:
        return "torch's OpenMP" if self.parallel else "own thread pool"


@functools.cache
def load() -> Library | Missing:
    """The library beside this package, in whichever of the package's directories holds it (editable installs)."""
    folders = [Path(entry) / "native" for entry in dna_mamba_kernels.__path__]
    for folder in folders:
        if (folder / _FILE_NAME).exists():
            return _open(folder / _FILE_NAME)
    for folder in folders:
        if (folder / _REASON_NAME).exists():
            return Missing("not built", (folder / _REASON_NAME).read_text().strip())
    return Missing("not built", f"no {_FILE_NAME} in {', '.join(map(str, folders))}")


def _open(path: Path) -> Library | Missing:
    try:
        handle = ctypes.CDLL(str(path))
        found = int(handle.dna_mamba_abi_version())
    except (OSError, AttributeError) as error:
        return Missing("cannot be loaded", f"{path}: {error}")
    if found != ABI_VERSION:
        return Missing("built from another version", f"{path} has interface {found}, this package needs {ABI_VERSION}")
    supported = int(handle.dna_mamba_supported_isas())
    isas = {name: number for number, name in enumerate(_ISA_NAMES) if supported >> number & 1}
    fastest_first = dict(reversed(isas.items()))
    return Library(handle, path, fastest_first, _torch_parallel())


def _torch_parallel() -> int:
    """Address of the OpenMP entry point that torch itself is linked to.

    Looked up through torch's own library, so that a second OpenMP runtime in the process (scikit-learn bundles
    one) is never picked: two runtimes would each keep their own spinning workers on the same cores.
    """
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    try:
        torch_cpu = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / f"libtorch_cpu{suffix}"))
        return ctypes.cast(torch_cpu.GOMP_parallel, ctypes.c_void_p).value or 0
    except (OSError, AttributeError):
        return 0
