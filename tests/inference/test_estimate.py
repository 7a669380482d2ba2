"""Time from one pass of the model, memory from the shapes."""

import time

import pytest

from dna_mamba.inference import estimate as estimate_module
from dna_mamba.inference.estimate import estimate_passes
from dna_mamba.models.memory import Shape, inference_bytes
from dna_mamba.models.streaming import BUDGETS, DeviceBudget
from tests.worlds import small_model


@pytest.fixture
def model():
    return small_model()


@pytest.fixture
def read(model, monkeypatch):
    """Shapes that the model read, and a clock that takes a millisecond for a sequence of a batch."""
    shapes, now = [], [0.0]
    inner = model.stream_strands

    def stream(ids_BL, **how):
        shapes.append((*ids_BL.shape, how["both"]))
        now[0] += 0.001 * len(ids_BL)
        return inner(ids_BL, **how)

    monkeypatch.setattr(model, "stream_strands", stream)
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return shapes


def test_time_is_that_of_one_pass_for_every_position(model, read):
    estimate = estimate_passes(model, 50_000, 20, 4)
    assert set(read) == {(4, 20, True)}
    assert estimate.positions == 50_000
    assert estimate.seconds == pytest.approx(50_000 * 0.001 / 20)


def test_the_faster_of_two_passes_counts(model, monkeypatch):
    """The first may still have to load something."""
    ticks = iter([0.0, 9.0, 10.0, 10.5])
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    assert estimate_passes(model, 40, 20, 2).seconds == pytest.approx(0.5)


def test_of_long_sequences_a_part_is_timed(model, read, monkeypatch):
    monkeypatch.setitem(BUDGETS, "cpu", DeviceBudget(64, 0))
    estimate_passes(model, 1_000_000, 1_000_000, 1, both_strands=False)
    assert set(read) == {(1, 64, False)}


def test_nothing_to_read_takes_no_time(model, read):
    assert estimate_passes(model, 0, 0, 1).seconds == 0 and not read


@pytest.mark.parametrize("both_strands", [True, False])
def test_memory_is_that_of_a_batch_and_of_the_weights(model, read, both_strands, monkeypatch):
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 2**33)
    shape = Shape(8 if both_strands else 4, 20)
    passes = inference_bytes(model.config, shape, model.device, model.dtype)
    estimate = estimate_passes(model, 100, 20, 4, both_strands=both_strands)
    assert estimate.memory_bytes == passes + sum(p.numel() * 4 for p in model.parameters())
    assert estimate_module.Estimate._fields == ("positions", "seconds", "memory_bytes")
