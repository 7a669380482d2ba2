"""What runs learnt, compared."""

from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from dna_mamba.training.loop.log import read_log
from dna_mamba.training.loop.loop import LOG
from dna_mamba.training.pretrain.directory import MODEL

_NUMBERS = ("loss_nats", "gradient_norm", "learning_rate", "bits_per_base")


def curve(run: Path) -> list[tuple[Any, ...]]:
    """All of a log but the times, baselines and threads: event, step, split, numbers."""
    rows = [row for row in read_log(run / LOG) if row["event"] in ("train", "evaluate")]
    return [(row["event"], row["step"], row.get("split"), *(row.get(key, 0.0) for key in _NUMBERS)) for row in rows]


def assert_same_curve(run: Path, expected: Path, tolerance: float = 1e-5) -> None:
    """Same rows; losses, gradients and bits within ``tolerance``."""
    one, other = curve(run), curve(expected)
    assert [row[:3] for row in one] == [row[:3] for row in other]
    for row, wanted in zip(one, other, strict=True):
        assert row[3:] == pytest.approx(wanted[3:], abs=tolerance, rel=tolerance), row[:3]


def weights(run: Path) -> bytes:
    return (run / MODEL / "model.safetensors").read_bytes()


def assert_near_weights(run: Path, expected: Path, tolerance: float = 1e-4) -> None:
    one, other = (load_file(path / MODEL / "model.safetensors") for path in (run, expected))
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert tensor.shape == other[name].shape and (tensor - other[name]).abs().max() < tolerance, name
