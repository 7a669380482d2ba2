"""Estimates of memory against what a process takes."""

import subprocess
import sys

import pytest
import torch

from dna_mamba.errors import MachineError
from dna_mamba.models import preset
from dna_mamba.models.memory import OVERHEAD, Shape, affordable_budget, inference_bytes, require, training_bytes

TOKENIZER = {"kind": "nucleotide", "vocabulary": "caduceus"}
CPU = torch.device("cpu")
MEASURE = """
import resource, sys, torch
from dna_mamba.models import MaskedLanguageModel, preset
from dna_mamba.models.streaming import Budget
torch.manual_seed(0)
tokenizer = {{"kind": "nucleotide", "vocabulary": "caduceus"}}
model = MaskedLanguageModel(preset("tiny", tokenizer, reverse_complement="none")).eval()
ids = torch.randint(7, 11, (1, {length}))

def peak():  # of this process alone: on Linux getrusage also counts what the parent had when it was forked
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(status["VmHWM"].split()[0]) * 1024

before = peak()
{work}
print(peak() - before)
"""


def measured(work: str, length: int) -> int:
    """Bytes that a process of its own takes for some work on one sequence, beyond what was there before."""
    script = MEASURE.format(length=length, work=work)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300)
    return int(done.stdout)


def test_streaming_grows_by_the_residual_alone() -> None:
    """From 2^16 to 2^18 positions: 192 Ki positions of 128 channels, and no more than half of it again."""
    work = "for _ in model.stream(ids, budget=Budget(4096, 0)): pass"
    small, large = (measured(work, length) for length in (2**16, 2**18))
    assert large - small < 1.5 * 3 * 2**16 * 128 * 4


def test_inference_stays_below_its_estimate() -> None:
    config = preset("tiny", TOKENIZER, reverse_complement="none")
    estimate = inference_bytes(config, Shape(1, 2**17), CPU, torch.float32)
    assert measured("for _ in model.stream(ids): pass", 2**17) <= estimate


def test_less_is_kept_where_less_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimate stays within what is free as long as the least fits; then it is the least."""
    config, shape = preset("small", TOKENIZER), Shape(2, 2**20)
    estimates = {}
    for free in (2**36, 5 * 2**30, 2**30):
        monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda free=free: free)
        estimates[free] = inference_bytes(config, shape, CPU, torch.float32)
    least = estimates[2**30]
    assert 2**30 < least < estimates[5 * 2**30] < 5 * 2**30 < estimates[2**36] < 6 * 2**30
    assert affordable_budget(CPU, 0).kept_bytes == 2**29


def test_a_training_step_is_estimated_within_a_factor_of_two() -> None:
    work = "model.train()(ids).logits.logsumexp(-1).mean().backward()"
    config = preset("tiny", TOKENIZER, reverse_complement="none")
    estimate = training_bytes(config, Shape(1, 2**14), 10**6, recompute=False)
    assert 0.5 < measured(work, 2**14) / estimate < 2


def test_recomputation_takes_less() -> None:
    config, shape = preset("small", TOKENIZER), Shape(2, 2**16)
    stored, recomputed = (training_bytes(config, shape, 10**7, recompute=recompute) for recompute in (False, True))
    assert OVERHEAD < recomputed < stored / 4


def test_what_cannot_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 2**30)
    require(2**30, CPU, "this", "try less")
    with pytest.raises(MachineError, match=r"^this: about 2.00 GiB .* 1.00 GiB are free on cpu; try less$"):
        require(2**31, CPU, "this", "try less")
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: None)
    require(2**50, CPU, "this", "nobody knows")
