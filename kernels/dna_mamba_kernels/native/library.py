"""Find and load the compiled kernel, or say why there is none."""

import ctypes
import functools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

import dna_mamba_kernels

ABI_VERSION = 4
"""Raised with every change of the C interface; a library with another number is refused."""

_SUFFIX = ".dylib" if sys.platform == "darwin" else ".so"
_FILE_NAME = f"libdna_mamba_native{_SUFFIX}"
_REASON_NAME = "not_built.txt"
"""Written by CMakeLists.txt in place of the library when it could not be built."""

_ISA_NAMES = ("portable", "neon", "avx2", "avx512")
"""By the number the C interface gives them, slowest first."""


LANES = 16
"""Channels are padded to this many wherever the kernel lays out its own memory."""


def fields(
    *, int64: Sequence[str] = (), pointers: Sequence[str] = (), float64: Sequence[str] = ()
) -> list[tuple[str, Any]]:
    """Fields of a structure of ``src/api.h``, each of eight bytes."""
    kinds = ((int64, ctypes.c_int64), (pointers, ctypes.c_void_p), (float64, ctypes.c_double))
    return [(name, kind) for names, kind in kinds for name in names]


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
        return "torch's OpenMP" if self.parallel else "own threads"

    def call(
        self, function: str, isa: str | None, tile: int, block: int, inputs: ctypes.Structure, outputs: ctypes.Structure
    ) -> None:
        """Run one function of ``src/api.h`` on as many threads as torch uses."""
        run = _Run(self.isas[isa or self.best_isa], torch.get_num_threads(), tile, block, self.parallel)
        code = getattr(self.handle, function)(ctypes.byref(run), ctypes.byref(inputs), ctypes.byref(outputs))
        if code:
            raise MemoryError(f"{function}: no memory for its workspace") if code == 2 else RuntimeError(function)


class _Run(ctypes.Structure):
    """``Run`` of ``src/api.h``."""

    _fields_ = fields(int64=("isa", "threads", "tile", "block"), pointers=("parallel",))


@functools.cache
def load() -> Library | Missing:
    """The library beside this package, in whichever of the package's directories holds it (editable installs)."""
    return find([Path(entry) / "native" for entry in dna_mamba_kernels.__path__])


def find(folders: list[Path]) -> Library | Missing:
    """The first library in ``folders`` that can be used, or why there is none."""
    found = [_open(folder / _FILE_NAME) for folder in folders if (folder / _FILE_NAME).exists()]
    reasons = [folder / _REASON_NAME for folder in folders if (folder / _REASON_NAME).exists()]
    for candidate in found:
        if isinstance(candidate, Library):
            return candidate
    if found:
        return found[0]
    if reasons:
        return Missing("not built", reasons[0].read_text().strip())
    return Missing("not built", f"no {_FILE_NAME} in {', '.join(map(str, folders))}")


def loaded() -> Library:
    """The library, for code that runs only where ``backends.resolve_backend`` found it."""
    library = load()
    if isinstance(library, Missing):
        raise RuntimeError(f"native kernel: {library.reason}: {library.detail}")
    return library


def padded(channels: int) -> int:
    """Channels rounded up to whole lanes."""
    return -(-channels // LANES) * LANES


def element_type(*activations: Tensor | None) -> torch.dtype:
    """What the kernel reads and writes at each position: bfloat16 where all of them are, else float32."""
    is_half = all(x is None or x.dtype == torch.bfloat16 for x in activations)
    return torch.bfloat16 if is_half else torch.float32


def as_rows(x: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """In ``dtype``, with a contiguous last dimension; a copy only where it is not so already."""
    x = x.to(dtype)
    return x if x.stride(-1) == 1 or x.shape[-1] == 1 else x.contiguous()


def as_dense(x: Tensor | None, dtype: torch.dtype = torch.float32) -> Tensor | None:
    """In ``dtype`` and contiguous; None stays None."""
    return None if x is None else x.to(dtype).contiguous()


def address(x: Tensor | None) -> int | None:
    """Where the tensor's data starts; null for None."""
    return None if x is None else x.data_ptr()


def sum_parts(parts: Tensor | None) -> Tensor | None:
    """Sum over the first dimension, in a fixed order."""
    if parts is None or len(parts) == 1:
        return None if parts is None else parts[0]
    return parts.sum(0)


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
