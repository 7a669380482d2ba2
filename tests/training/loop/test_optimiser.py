"""The rate of every step, and which parameters decay."""

import math
from itertools import pairwise

import pytest
import torch

from dna_mamba.training.loop.optimiser import OptimiserConfig, build_optimiser, learning_rate, set_learning_rate
from tests.training.models import tiny_model


def test_warm_up_starts_above_zero_and_ends_at_the_full_rate() -> None:
    config = OptimiserConfig(learning_rate=8.0, warmup_steps=4)
    assert [learning_rate(step, 100, config) for step in range(4)] == [2.0, 4.0, 6.0, 8.0]
    assert learning_rate(4, 100, config) == 8.0  # the first step after warm-up has the full rate


def test_the_rate_falls_along_half_a_cosine_to_its_final_share() -> None:
    config = OptimiserConfig(learning_rate=8.0, warmup_steps=4, final_share=0.25)
    assert learning_rate(4 + 48, 100, config) == pytest.approx(8 * (0.25 + 0.75 / 2))
    rates = [learning_rate(step, 100, config) for step in range(4, 100)]
    assert all(later < earlier for earlier, later in pairwise(rates))
    assert rates[-1] == pytest.approx(8 * (0.25 + 0.75 * 0.5 * (1 + math.cos(math.pi * 95 / 96))), rel=1e-12)
    assert learning_rate(100, 100, config) == pytest.approx(2.0)


def test_a_run_without_warm_up_or_of_nothing_else() -> None:
    assert learning_rate(0, 10, OptimiserConfig(learning_rate=8.0, warmup_steps=0)) == 8.0
    assert learning_rate(1, 2, OptimiserConfig(learning_rate=8.0, warmup_steps=4)) == 4.0


LAYER = "encoder.layers.0.mixer."
DIRECTIONS = (LAYER + "left_to_right.", LAYER + "right_to_left.")


def test_projections_and_convolutions_decay_and_nothing_else() -> None:
    model = tiny_model(n_layer=1, norm="layer", proj_bias=True)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    optimiser = build_optimiser(model, OptimiserConfig(weight_decay=0.3))
    decayed, plain = ({names[id(p)] for p in group["params"]} for group in optimiser.param_groups)
    assert [group["weight_decay"] for group in optimiser.param_groups] == [0.3, 0.0]
    directed = {d + name for d in DIRECTIONS for name in ("conv_weight", "x_proj.weight", "dt_proj.weight")}
    assert decayed == directed | {LAYER + "in_proj.weight", LAYER + "out_proj.weight"}
    assert plain == {
        "encoder.embedding.weight",
        "encoder.norm.weight",
        "encoder.norm.bias",
        "encoder.layers.0.norm.weight",
        "encoder.layers.0.norm.bias",
        LAYER + "in_proj.bias",
        LAYER + "out_proj.bias",
        *(d + name for d in DIRECTIONS for name in ("A_log", "D", "conv_bias", "dt_bias")),
    }


def test_settings_reach_the_optimiser() -> None:
    config = OptimiserConfig(learning_rate=0.5, betas=(0.8, 0.9), eps=1e-3)
    optimiser = build_optimiser(tiny_model(), config)
    for group in optimiser.param_groups:
        assert (group["lr"], group["betas"], group["eps"]) == (0.5, (0.8, 0.9), 1e-3)
    set_learning_rate(optimiser, 0.25)
    assert [group["lr"] for group in optimiser.param_groups] == [0.25, 0.25]
    assert isinstance(optimiser, torch.optim.AdamW)
