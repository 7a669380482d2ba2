"""A child of a process in which threads have shared work computes as its parent does; it does not wait for ever."""

import subprocess
import sys

import pytest

from dna_mamba_kernels import forks

PROGRAM = """
import os, signal, sys, threading, torch
from dna_mamba.models import MaskedLanguageModel, ModelConfig
from dna_mamba_kernels import forks
{before}
torch.manual_seed(1)
torch.set_num_threads(2)
config = ModelConfig(d_model=32, n_layer=2, tokenizer={{"kind": "nucleotide", "vocabulary": "caduceus"}})
model, ids = MaskedLanguageModel(config).eval(), torch.randint(7, 11, (4, 2000))
{setup}
with torch.no_grad():
    expected = model(ids).logits

def in_a_child(depth):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    signal.alarm(20)
    with torch.no_grad():
        same = torch.equal(model(ids).logits, expected)
    threads = torch.get_num_threads()
    grandchild = in_a_child(depth - 1) if depth else threads
    os._exit(threads if same and grandchild == threads else 99)

code = in_a_child(1)
with torch.no_grad():
    assert torch.equal(model(ids).logits, expected) and torch.get_num_threads() == 2
print(code)
"""
pytestmark = pytest.mark.skipif(forks._pause_of_torch() is None, reason="torch does not use GNU OpenMP here")


def run(before: str = "", setup: str = "") -> str:
    """What a process of its own prints: threads of a child and of its child; 99 for other numbers, -14 after 20 s."""
    program = PROGRAM.format(before=before, setup=setup)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_child_computes_the_same_on_as_many_threads() -> None:
    assert run() == "2"


def test_without_the_function_that_stops_threads_a_child_has_one() -> None:
    assert run(before="forks._pause_of_torch = lambda: lambda kind: -1") == "1"


def test_unprepared_a_child_waits_for_ever() -> None:
    """The tests above can fail: this is what is mended."""
    unprepared = "forks._pause_of_torch = lambda: None"
    program = PROGRAM.format(before=unprepared, setup="").replace("signal.alarm(20)", "signal.alarm(5)")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "-14\n"), done.stderr


def test_the_child_of_another_thread() -> None:
    """The thread that forks has no workers of its own; the child starts some."""
    program = PROGRAM.format(before="", setup="").replace(
        "code = in_a_child(1)",
        "box = []\nt = threading.Thread(target=lambda: box.append(in_a_child(0)))\nt.start(); t.join()\n(code,) = box",
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr


def test_workers_of_multiprocessing() -> None:
    work = """
with torch.no_grad():
    model(ids)
import multiprocessing
def task(row):
    signal.alarm(20)
    with torch.no_grad():
        return float(model(ids[row : row + 1]).logits.sum())
with multiprocessing.get_context("fork").Pool(2) as pool:
    rows = pool.map(task, range(4))
with torch.no_grad():
    torch.testing.assert_close(torch.tensor(rows), model(ids).logits.sum((1, 2)), rtol=1e-3, atol=1e-1)
"""
    assert run(setup=work) == "2"
