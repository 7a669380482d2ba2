import math

import pytest

from dna_mamba.errors import InputError
from dna_mamba.plotting import compare_runs, training_curve

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
    assert list(drawn["validation: 1.9200"].get_ydata()) == [1.96, 1.92]
    assert list(drawn["test: 1.9000"].get_ydata()) == [1.9]


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


def run(bits, seconds=36.0, tokens=36_000, baselines=True):
    """Ten steps at one loss, evaluated after the fifth and the last."""
    steps = [
        {
            "event": "train",
            "step": step,
            "loss_nats": bits * math.log(2),
            "seconds": seconds,
            "tokens": tokens,
        }
        for step in range(1, 11)
    ]
    held_out = [
        {"event": "evaluate", "step": step, "split": "validation", "bits_per_base": bits + 0.01} for step in (5, 10)
    ]
    return [*(ROWS[1:2] if baselines else []), *steps, *held_out]


@pytest.mark.parametrize(
    ("against", "last", "label"),
    [("steps", 10, "optimiser steps"), ("tokens", 360_000, "tokens read"), ("hours", 0.1, "hours of training")],
)
def test_what_the_horizontal_axis_counts(against, last, label):
    """Evaluations stand where the steps before them end."""
    (axes,) = compare_runs({"one": run(1.9)}, against=against).axes
    drawn = {line.get_label(): line for line in axes.lines}
    assert axes.get_xlabel() == label
    assert drawn["training, masked positions"].get_xdata()[-1] == pytest.approx(last)
    assert list(drawn["validation: 1.9100"].get_xdata()) == pytest.approx([last / 2, last])


def test_runs_in_one_figure_have_names_and_colours():
    (axes,) = compare_runs({"first": run(1.9), "second": run(1.8, baselines=False)}).axes
    drawn = {line.get_label(): line for line in axes.lines}
    first, second = drawn["first, validation: 1.9100"], drawn["second, validation: 1.8100"]
    assert first.get_color() != second.get_color()
    assert "one-sided order 8: 1.9300 (validation)" in drawn
    low, high = axes.get_ylim()
    assert low < 1.8 and high > 1.93


def test_equal_baselines_are_drawn_once_and_others_named():
    other = run(1.8)
    other[0] = other[0] | {"bits_per_base": {"one-sided order 8": 1.87}}
    (same,) = compare_runs({"a": run(1.9), "b": run(1.8)}).axes
    (different,) = compare_runs({"a": run(1.9), "b": other}).axes
    labels = [[line.get_label() for line in axes.lines if "sided" in line.get_label()] for axes in (same, different)]
    assert labels[0] == ["one-sided order 8: 1.9300 (validation)", "two-sided 4+4: 1.9100 (validation)"]
    assert labels[1][-1] == "one-sided order 8: 1.8700 (validation), b" and len(labels[1]) == 3


def test_interpolated_baselines_are_a_kind_of_their_own():
    names = {"one-sided order 8": 1.93, "one-sided interpolated order 12": 1.9, "two-sided interpolated 6+6": 1.88}
    rows = [{"event": "baselines", "step": 0, "split": "test", "bits_per_base": names}, *run(1.9, baselines=False)]
    (axes,) = training_curve(rows).axes
    assert sum(line.get_label().endswith("(test)") for line in axes.lines) == 3


def test_a_log_that_does_not_say_what_is_asked():
    rows = [{"event": "train", "step": 1, "loss_nats": 1.3, "seconds": 1.0}]
    with pytest.raises(InputError, match="old: the log does not say 'tokens' of step 1; draw it against"):
        compare_runs({"old": rows}, against="tokens")
    with pytest.raises(InputError, match="empty: the log holds no training step"):
        compare_runs({"new": rows, "empty": []})
