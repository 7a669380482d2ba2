"""What the Triton compiler makes of the kernels, for cards that need not be there."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("triton", reason="triton is not installed")

ROOT = Path(__file__).parents[2]
BUDGET = Path(__file__).parent / "triton_budget.json"
OTHER_TRITON = os.environ.get("OTHER_TRITON")
"""A folder with another version, as ``pip install --target DIR triton==3.6.0`` leaves it."""
INFERENCE = {"combine_kernel": 1, "forward_kernel": 1, "scan_kernel": 2, "summary_kernel": 1}
"""Kernels of a bidirectional layer: the direction that gates what both have found is a variant of the scan."""
TRAINING = {
    "combine_kernel": 2,
    "forward_kernel": 1,
    "gradient_kernel": 2,
    "input_gradient_kernel": 1,
    "output_gradient_kernel": 1,
    "scan_kernel": 2,
    "summary_kernel": 3,
}
COUNT = """
import json, sys
from collections import Counter
import torch
from tests.kernels.triton_launches import Sizes, infer, taken_down, train
shapes = [Sizes(*shape) for shape in json.loads(sys.argv[1])]
dtype = getattr(torch, sys.argv[2])
for what in (infer, lambda *a: infer(*a, part=True), train):
    with taken_down() as launches:
        for shape in shapes:
            what(shape, dtype)
    print(json.dumps(Counter(name for name, *_ in {launch.compilation(90).key for launch in launches})))
"""


def run(*arguments: str) -> str:
    """Standard output of a Python that compiles kernels instead of interpreting them."""
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "kernels")])
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@cache
def rows(capability: int, other: str | None = None) -> dict[str, dict[str, Any]]:
    """By kernel; the budget is held."""
    more = ("--triton", other) if other else ()
    tool = str(ROOT / "tests/kernels/compile_triton.py")
    lines = run(tool, str(capability), "--json", "--budget", str(BUDGET), *more).splitlines()
    return {row["kernel"]: row for row in map(json.loads, lines)}


SHAPES = [
    *((1, 1), (1, 16), (1, 17), (3, 100), (8, 511), (8, 512), (8, 513), (5, 1000)),
    *((1, 4096), (1, 5001), (2, 8192), (1, 2**16 + 3), (1, 2**17), (4, 2**18), (1, 2**20 - 1), (1, 2**24)),
]


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("d_inner", [512, 96])
def test_sixteen_shapes_share_one_compilation_of_each_kernel(dtype, d_inner):
    """Alone, as parts of a longer sequence and in training; strides above 2^31 and sizes of 1 are among them."""
    shapes = [(batch, length, d_inner) for batch, length in SHAPES]
    alone, parts, training = map(json.loads, run("-c", COUNT, json.dumps(shapes), dtype).splitlines())
    assert alone == parts == INFERENCE
    assert training == TRAINING


def test_odd_channels_are_compiled_no_more_often_than_their_addresses_differ():
    shapes = [(batch, length, 35) for batch, length in SHAPES[:10]]
    alone, _, _ = map(json.loads, run("-c", COUNT, json.dumps(shapes), "bfloat16").splitlines())
    # The convolution's rows and their context begin where they may.
    assert alone.pop("forward_kernel") <= 8
    assert alone == {k: v for k, v in INFERENCE.items() if k != "forward_kernel"}


def test_budget_of_hopper():
    """Registers, stack, shared memory and instructions are no more than is written down; nothing spills in a loop."""
    found = rows(90)
    assert len(found) == sum(TRAINING.values()) + 2  # inference saves no states
    assert all(row["spills_in_loops"] == 0 for row in found.values())
    assert all(row["registers"] <= 128 for name, row in found.items() if name.startswith(("scan", "summary", "conv")))


def test_each_exponential_is_taken_once():
    """One for each state, channel and step; one more a step and channel for softplus, and one for a gate."""
    found = rows(90)
    assert found["scan"]["exponentials"] == found["summary"]["exponentials"] == round(17 / 16, 2)
    assert found["scan, gated"]["exponentials"] == round(18 / 16, 2)
    assert found["gradient"]["exponentials"] == found["gradient, gated"]["exponentials"] == 1


def test_a_state_is_rounded_once_a_step():
    """``fma(decay, h, drive * B)`` as compiled; other products of decays are those of the equations."""
    found = rows(90)
    a_turn = 2 * 2 * 16  # steps, channels of a thread, states
    for name, row in found.items():
        if name.startswith(("scan", "summary")):
            left = 2 * 16 if "adjoint" in name else 0  # what leaves a chunk of the adjoint
            assert (row["fused"], row["decays_in_products"]) == (a_turn, left), name
    assert {(found[name]["fused"], found[name]["decays_in_products"]) for name in found if "gradient" in name} >= {
        (16, 16)
    }


def test_what_is_read_and_written_again_stays_in_its_thread():
    found = rows(90)
    assert found["gradient"]["accumulator_layouts"] == found["gradient, gated"]["accumulator_layouts"] == 1


def test_a_number_above_its_budget_is_said(tmp_path):
    sys.path.insert(0, str(ROOT))
    from tests.kernels.compile_triton import Row, excesses

    budget = json.loads(BUDGET.read_text())
    allowed = budget["90"]["scan"]
    row = Row("3.9.0", 90, "scan", **allowed, exponentials=1.0, fused=64, decays_in_products=0, accumulator_layouts=0)
    assert list(excesses([row], budget)) == []
    (text,) = excesses([row._replace(registers=allowed["registers"] + 1)], budget)
    assert text.startswith("sm_90 scan: registers") and "budget" in text
    (text,) = excesses([row._replace(kernel="walk")], budget)
    assert text == "sm_90 walk: no budget; add it"


@pytest.mark.slow
@pytest.mark.parametrize("capability", [80, 100])
def test_budget_of_other_cards(capability):
    assert all(row["spills_in_loops"] == 0 for row in rows(capability).values())


@pytest.mark.slow
@pytest.mark.skipif(not OTHER_TRITON, reason="OTHER_TRITON names no folder")
@pytest.mark.parametrize("capability", [80, 90, 100])
def test_budget_with_another_triton(capability):
    found = rows(capability, OTHER_TRITON)
    assert all(row["spills_in_loops"] == 0 for row in found.values())
    assert {row["triton"] for row in found.values()} != {row["triton"] for row in rows(90).values()}
