"""Estimates of memory against what a process takes."""

import subprocess
import sys

import pytest
import torch

from dna_mamba.errors import MachineError
from dna_mamba.models import preset
from dna_mamba.models.memory import (
    OVERHEAD,
    Shape,
    affordable_budget,
    inference_bytes,
    memory_of,
    require,
    training_memory,
)
from dna_mamba.models.streaming import budget_of, what_to_keep

TOKENIZER = {"kind": "nucleotide", "vocabulary": "caduceus"}
CPU, CUDA = torch.device("cpu"), torch.device("cuda")
GIB = 2**30
CARD = 139 * GIB
"""Free on an empty card that is sold as 141 GB."""
CHROMOSOME_20_BP = 64_444_167
MEASURE = """
import resource, sys, torch
from dna_mamba.models import MaskedLanguageModel, preset
from dna_mamba.models.precision import in_precision
from dna_mamba.models.streaming import Budget
torch.manual_seed(0)
tokenizer = {{"kind": "nucleotide", "vocabulary": "caduceus"}}
model = MaskedLanguageModel(preset("tiny", tokenizer, reverse_complement="none")).eval()
model = in_precision(model, "{precision}")
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


def measured(work: str, length: int, precision: str = "float32") -> int:
    """Bytes that a process of its own takes for some work on one sequence, beyond what was there before."""
    script = MEASURE.format(length=length, work=work, precision=precision)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300)
    return int(done.stdout)


def test_streaming_grows_by_the_residual_alone() -> None:
    """From 2^16 to 2^18 positions: 192 Ki positions of 128 channels, and no more than half of it again."""
    work = "for _ in model.stream(ids, budget=Budget(4096, 0)): pass"
    small, large = (measured(work, length) for length in (2**16, 2**18))
    assert large - small < 1.5 * 3 * 2**16 * 128 * 4


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_inference_stays_below_its_estimate(precision: str) -> None:
    config, dtype = preset("tiny", TOKENIZER, reverse_complement="none"), getattr(torch, precision)
    estimate = inference_bytes(config, Shape(1, 2**17), CPU, dtype)
    assert measured("for _ in model.stream(ids): pass", 2**17, precision) <= estimate


def test_a_million_positions_of_both_strands_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The residual stream is of float32 in either; of the rest bfloat16 keeps less."""
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 2**37)
    config, shape = preset("small", TOKENIZER), Shape(2, 2**20)
    wide, narrow = (inference_bytes(config, shape, CPU, dtype) for dtype in (torch.float32, torch.bfloat16))
    assert 5 * GIB < wide < 6 * GIB and 3 * GIB < narrow < 3.9 * GIB
    for dtype in (torch.float32, torch.bfloat16):
        assert what_is_kept(config.d_inner, shape.length, CPU, dtype, shape.positions * 256 * 4)[0] == shape.length


def what_is_kept(
    d_inner: int, length: int, device: torch.device, dtype: torch.dtype, residual: int, needed: int = 0
) -> tuple[int, int]:
    """Positions whose outputs are kept, and whose inputs."""
    spare = affordable_budget(device, residual, dtype, needed=needed).kept_bytes
    return what_to_keep(1, length, d_inner, dtype, tied=True, kept_bytes=spare)


def test_a_whole_chromosome_on_one_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both strands of human chromosome 20 in bfloat16: it fits, and what is left over is used."""
    monkeypatch.setattr("dna_mamba.models.memory.memory_of", lambda device: CARD)
    config, shape = preset("small", TOKENIZER), Shape(2, CHROMOSOME_20_BP)
    residual = shape.positions * config.d_model * 4
    needed = inference_bytes(config, shape, CUDA, torch.bfloat16)
    assert residual < needed < CARD
    require(needed, CUDA, "chromosome 20", "")
    left = CARD - residual - 6 * GIB  # as much as there is when the residual stream is
    monkeypatch.setattr("dna_mamba.models.memory.memory_of", lambda device: left)
    outputs, _ = what_is_kept(config.d_inner, shape.length, CUDA, torch.bfloat16, residual)
    assert 0.1 * shape.length < outputs and outputs * config.d_inner * 2 < left
    with pytest.raises(MachineError, match=r"chromosome 20: about .* are needed"):
        require(inference_bytes(config, shape._replace(length=2 * shape.length), CUDA, torch.bfloat16), CUDA,
                "chromosome 20", "")  # fmt: skip


def test_a_card_with_room_keeps_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one strand of it, however much that is."""
    monkeypatch.setattr("dna_mamba.models.memory.memory_of", lambda device: CARD)
    outputs, inputs = what_is_kept(512, 2**25, CUDA, torch.bfloat16, 2**25 * 256 * 4)
    assert outputs == inputs == 2**25
    assert budget_of(CUDA).kept_bytes is None


def test_on_cards_free_is_also_what_torch_holds_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10 * GIB, CARD))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 100 * GIB)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 30 * GIB)
    assert memory_of(CUDA) == 80 * GIB
    require(80 * GIB, CUDA, "this", "")
    with pytest.raises(MachineError, match=r"80\.00 GiB are free on cuda"):
        require(80 * GIB + 1, CUDA, "this", "")
    assert affordable_budget(CUDA, 0, needed=30 * GIB).kept_bytes == 45 * GIB


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
    estimate = training_memory(config, Shape(1, 2**14), 10**6, recompute=False).total
    assert 0.5 < measured(work, 2**14) / estimate < 2


def test_recomputation_takes_less() -> None:
    config, shape = preset("small", TOKENIZER), Shape(2, 2**16)
    stored, recomputed = (training_memory(config, shape, 10**7, recompute=again).total for again in (False, True))
    assert OVERHEAD < recomputed < stored / 4


def test_frozen_parameters_need_neither_gradients_nor_moments() -> None:
    config, shape = preset("small", TOKENIZER), Shape(2, 2**12)
    whole = training_memory(config, shape, 1000, recompute=False)
    part = training_memory(config, shape, 1000, recompute=False, frozen=400, frozen_depth=8)
    assert whole[:3] == (4000, 4000, 8000) and part[:3] == (4000, 2400, 4800)
    assert 0.4 < part.activations / whole.activations < 0.7
    assert part.total == sum(part)


def test_what_cannot_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 2**30)
    require(2**30, CPU, "this", "try less")
    with pytest.raises(MachineError, match=r"^this: about 2.00 GiB .* 1.00 GiB are free on cpu; try less$"):
        require(2**31, CPU, "this", "try less")
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: None)
    require(2**50, CPU, "this", "nobody knows")
