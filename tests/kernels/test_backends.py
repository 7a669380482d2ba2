"""Which kernel runs where, and what is said when one cannot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dna_mamba_kernels import (
    BackendUnavailableError,
    available_backends,
    choose_backend,
    depthwise_conv,
    selective_scan,
)
from dna_mamba_kernels.native import library

ROOT = Path(__file__).parents[2]
CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)


@pytest.mark.parametrize(
    ("device", "dtype", "triton", "native", "expected"),
    [
        (CPU, torch.float32, False, True, "native"),
        (CPU, torch.bfloat16, True, True, "native"),
        (CPU, torch.float16, False, True, "native"),
        (CPU, torch.float64, True, True, "chunked"),
        (CPU, torch.float32, True, False, "chunked"),
        (CUDA, torch.float32, False, True, "chunked"),
        (CUDA, torch.bfloat16, True, True, "triton"),
        (CUDA, torch.float64, True, True, "chunked"),
        (torch.device("mps"), torch.float32, False, True, "chunked"),
    ],
)
def test_choice(device, dtype, triton, native, expected):
    assert choose_backend(device, dtype, triton=triton, native=native) == expected


def test_every_backend_says_why():
    statuses = available_backends()
    assert list(statuses) == ["triton", "native", "chunked", "reference"]
    assert all(status.reason for status in statuses.values())
    assert statuses["chunked"].available and statuses["reference"].available


@pytest.fixture
def tensors():
    x = torch.zeros(1, 2, 3)
    return {"u": x, "delta": x, "A": torch.zeros(3, 1), "B": torch.zeros(1, 2, 1), "C": torch.zeros(1, 2, 1)}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_missing_backend_raises(tensors, monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    with pytest.raises(BackendUnavailableError, match=r"triton.*(not installed|no CUDA device)"):
        selective_scan(**tensors, backend="triton")


def test_unknown_backend_raises(tensors):
    with pytest.raises(ValueError, match=r"'fast'.*native, chunked"):
        selective_scan(**tensors, backend="fast")


@pytest.mark.skipif(isinstance(library.load(), library.Missing), reason="native kernel not built")
def test_native_refuses_what_it_cannot_run(tensors):
    with pytest.raises(BackendUnavailableError, match="float64"):
        selective_scan(**{k: x.double() for k, x in tensors.items()}, backend="native")
    with pytest.raises(BackendUnavailableError, match=r"sve.*this machine runs.*portable"):
        selective_scan(**tensors, backend="native:sve")
    with pytest.raises(BackendUnavailableError, match="float64"):
        depthwise_conv(torch.zeros(1, 2, 3).double(), torch.zeros(3, 4).double(), backend="native")


def test_absent_library_is_explained(tmp_path, monkeypatch, tensors):
    assert library.find([tmp_path]).reason == "not built"
    (tmp_path / "not_built.txt").write_text("no working C++ compiler when this was installed\n")
    missing = library.find([tmp_path / "elsewhere", tmp_path])
    assert missing == library.Missing("not built", "no working C++ compiler when this was installed")
    monkeypatch.setattr(library, "load", lambda: missing)
    status = available_backends()["native"]
    assert (status.available, status.reason) == (False, "not built") and "compiler" in status.detail
    selective_scan(**tensors)  # runs on the chunked path
    with pytest.raises(BackendUnavailableError, match=r"native.*no working C\+\+ compiler"):
        selective_scan(**tensors, backend="native")


def test_broken_library_is_explained(tmp_path):
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    (tmp_path / f"libdna_mamba_native{suffix}").write_bytes(b"not a library")
    assert library.find([tmp_path]).reason == "cannot be loaded"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cmake") is None, reason="needs cmake")
@pytest.mark.skipif(isinstance(library.load(), library.Missing), reason="needs a C++ compiler")
def test_sanitizers_find_nothing(tmp_path):
    subprocess.run(["cmake", "-S", str(ROOT), "-B", str(tmp_path)], check=True, capture_output=True)
    built = subprocess.run(["cmake", "--build", str(tmp_path), "--target", "sanitize"], capture_output=True, text=True)
    assert built.returncode == 0, built.stdout[-4000:]
    assert built.stdout.count("every instruction set agrees over every size") == 2


@pytest.mark.skipif(shutil.which("cmake") is None, reason="needs cmake")
def test_build_without_a_compiler_leaves_a_reason(tmp_path):
    environment = {**os.environ, "CC": "false", "CXX": "false"}
    prefix = tmp_path / "prefix"
    commands = (["-S", str(ROOT), "-B", str(tmp_path / "build")], ["--build", str(tmp_path / "build")],
                ["--install", str(tmp_path / "build"), "--prefix", str(prefix)])  # fmt: skip
    for arguments in commands:
        subprocess.run(["cmake", *arguments], env=environment, check=True, capture_output=True)
    missing = library.find([prefix / "dna_mamba_kernels" / "native"])
    assert missing.reason == "not built" and "no working C++ compiler" in missing.detail
