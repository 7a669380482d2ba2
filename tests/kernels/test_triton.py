"""The Triton kernels: in the interpreter where there is no card, on the card where there is one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dna_mamba_kernels import BackendUnavailableError, available_backends, depthwise_conv, selective_scan
from dna_mamba_kernels.triton import availability
from tests.kernels.problems import OPTIONS, scan_case

ROOT = Path(__file__).parents[2]
ON_CARD = torch.cuda.is_available()
DEVICE = "cuda" if ON_CARD else "cpu"

with pytest.MonkeyPatch.context() as patch:
    # Kernels are compiled or interpreted as this says when triton and they are first imported.
    if not ON_CARD:
        patch.setenv("TRITON_INTERPRET", "1")
    pytest.importorskip("triton", reason="triton is not installed")
    from tests.kernels import triton_checks

CHECKS = triton_checks.checks(DEVICE)
SMALL = list(triton_checks.checks("cpu"))


@pytest.fixture
def kernels(monkeypatch):
    """Lets the kernels be asked for by name, and the interpreter run them without delays of its own."""
    if ON_CARD:
        return
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    interpreter = pytest.importorskip("triton.runtime.interpreter")
    call = interpreter.InterpretedFunction.__call__

    def call_at_once(self, *args, **kwargs):
        """Without patching triton.language again for every function inside a kernel: its launch has done so."""
        ours = self.fn.__module__.startswith("dna_mamba_kernels")
        return self.rewrite()(*args, **kwargs) if ours else call(self, *args, **kwargs)

    monkeypatch.setattr(interpreter.InterpretedFunction, "__call__", call_at_once)


@pytest.mark.parametrize("name", SMALL)
def test_small_problem(kernels, name):
    CHECKS[name]()


@pytest.mark.gpu
@pytest.mark.skipif(not ON_CARD, reason="needs a CUDA device")
@pytest.mark.parametrize("name", [name for name in triton_checks.checks("cuda") if name not in SMALL])
def test_problem_as_large_as_in_use(kernels, name):
    CHECKS[name]()


@pytest.mark.parametrize("options", [OPTIONS, ()], ids=["all", "none"])
def test_opcheck(kernels, options):
    case = {k: x.to(DEVICE) for k, x in scan_case(1, 5, 3, 2, options=options).items()}
    tensors = [case[k].requires_grad_() if k in case else None for k in ("u", "delta", "A", "B", "C", *OPTIONS)]
    arguments = (*tensors, True, False, "triton", True)
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(torch.ops.dna_mamba.selective_scan.default, arguments, test_utils=checks)
    with torch.no_grad():
        _, final, edges = torch.ops.dna_mamba.selective_scan(*arguments)
        upstream = (edges, torch.randn_like(tensors[0]), torch.randn_like(final), [x is not None for x in tensors])
        backward = torch.ops.dna_mamba.selective_scan_backward.default
        torch.library.opcheck(backward, (*arguments[:-1], *upstream), test_utils=("test_schema", "test_faketensor"))


@pytest.mark.parametrize("length", [1, 16, 17, 512, 513, 2**13, 2**17, 2**20, 2**24])
def test_chunks_cover_a_sequence_and_fill_a_card(length):
    cut = triton_checks.tiling.tiling(length)
    assert cut.chunk % cut.edge == 0 and cut.edge % cut.unroll == 0
    assert (cut.count(length) - 1) * cut.chunk < length <= cut.count(length) * cut.chunk
    assert cut.count(length) == 1 or length > 512
    # Eight blocks of 64 channels: at least two warps for each of 528 schedulers once a sequence is long.
    assert length < 2**17 or cut.count(length) * 8 >= 2 * 528


def test_what_cannot_run_is_refused(kernels):
    case = {k: x.double() for k, x in scan_case(1, 4, 3, 2).items()}
    with pytest.raises(BackendUnavailableError, match=r"float64"):
        selective_scan(**case, backend="triton")
    with pytest.raises(BackendUnavailableError, match=r"float64"):
        depthwise_conv(case["u"], case["A"], backend="triton")


@pytest.mark.skipif(ON_CARD, reason="there is a card")
def test_without_a_card_the_reason_is_said(monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    status = available_backends()["triton"]
    assert not status.available and status.reason == "no CUDA device" and "TRITON_INTERPRET" in status.detail
    with pytest.raises(BackendUnavailableError, match=r"triton.*no CUDA device"):
        selective_scan(**scan_case(1, 4, 3, 2), backend="triton")


def test_without_triton_the_remedy_is_said(monkeypatch):
    monkeypatch.setattr(availability, "_installed", lambda: False)
    status = available_backends()["triton"]
    assert (status.available, status.reason) == (False, "triton is not installed") and "pip install" in status.detail


def test_importing_the_kernels_leaves_triton_alone():
    run_python("-c", "import dna_mamba_kernels as k, sys; k.available_backends(); assert 'triton' not in sys.modules")


def run_python(*arguments: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "kernels")])
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
