import math

import pytest

from dna_mamba.errors import InputError
from dna_mamba.plotting import training_curve

pytest.importorskip("matplotlib")
ROWS = [
    {"event": "start", "step": 0},
    {
        "event": "baselines",
        "step": 0,
        "split": "validation",
        "bits_per_base": {"one-sided order 1": 1.95, "one-sided order 8": 1.93, "two-sided 4+4": 1.91},
    },
    *[{"event": "train", "step": step, "loss_nats": math.log(2) * (2 - step / 100)} for step in range(1, 11)],
    {"event": "evaluate", "step": 5, "split": "validation", "bits_per_base": 1.96, "loss_nats": 1.3},
    {"event": "evaluate", "step": 10, "split": "validation", "bits_per_base": 1.92, "loss_nats": 1.3},
    {"event": "evaluate", "step": 10, "split": "test", "bits_per_base": 1.9, "loss_nats": 1.3},
]


def lines():
    (axes,) = training_curve(ROWS).axes
    return axes, {line.get_label(): line for line in axes.lines}


def test_losses_in_bits_against_steps():
    axes, drawn = lines()
    assert axes.get_ylabel() == "loss (bits per base)"
    training = drawn["training, masked positions"]
    assert training.get_xdata().tolist() == list(range(1, 11))
    assert training.get_ydata() == pytest.approx([2 - step / 100 for step in range(1, 11)])
    assert list(drawn["validation: 1.9200 at the end"].get_ydata()) == [1.96, 1.92]
    assert list(drawn["test: 1.9000 at the end"].get_ydata()) == [1.9]


def test_the_best_baseline_of_each_kind_is_a_line():
    axes, drawn = lines()
    assert [label for label in drawn if "sided" in label] == [
        "one-sided order 8: 1.9300 (validation)",
        "two-sided 4+4: 1.9100 (validation)",
    ]
    levels = {line.get_ydata()[0] for line in axes.lines if list(line.get_xdata()) == [0, 1]}
    assert levels == {1.93, 1.91}


def test_a_log_without_steps():
    with pytest.raises(InputError, match="holds no training step"):
        training_curve(ROWS[:2])


def test_a_run_without_held_out_parts():
    (axes,) = training_curve([row for row in ROWS if row["event"] in ("start", "train")]).axes
    assert [line.get_label() for line in axes.lines if not line.get_label().startswith("_")] == [
        "training, masked positions"
    ]
