"""The benchmarks of a card run on the CPU, at sizes that say nothing about speed: no time is asserted."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
BARE = """
import runpy, sys
sys.modules |= dict.fromkeys(("pydantic", "click", "pysam", "safetensors", "yaml", "tqdm", "Bio"))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


def dry_run(part: int, path: Path, *, bare: bool) -> tuple[list[dict], str]:
    """Rows and what was printed; ``bare``: without anything but torch, triton and numpy."""
    how = ["-c", BARE] if bare else []
    command = [sys.executable, *how, str(BENCHMARKS / "gpu.py"), "--dry-run", "--part", str(part), "-o", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(path.read_text())["rows"], done.stdout


def measured(rows: list[dict]) -> list[float]:
    return [value for row in rows for name, value in row.items() if name.endswith("_s")]


@pytest.mark.parametrize("bare", [False, True], ids=["installed", "bare"])
def test_kernels(bare, tmp_path):
    rows, printed = dry_run(1, tmp_path / "kernels.json", bare=bare)
    found = {(row["operation"], row["dtype"], row.get("gated")) for row in rows}
    for dtype in ("bfloat16", "float32"):
        assert {("scan", dtype, False), ("scan", dtype, True), ("scan, chunked path", dtype, True)} <= found
        assert {("conv", dtype, None), ("conv, conv1d", dtype, None)} <= found
    assert {row["batch"] for row in rows} == {1, 2} and any("first_s" in row for row in rows)
    assert all(seconds > 0 for seconds in measured(rows))
    assert "mamba-ssm: not compared with" in printed and " of conv1d and its transposes (" in printed


@pytest.mark.parametrize("bare", [False, True], ids=["installed", "bare"])
def test_encoder_training_and_chromosomes(bare, tmp_path):
    rows, printed = dry_run(2, tmp_path / "encoder.json", bare=bare)
    found = {(row["operation"], row["dtype"]) for row in rows}
    dtypes = ("float32", "tf32", "bfloat16")
    assert found == {(what, dtype) for what in ("encoder", "training step") for dtype in dtypes} | {
        ("chromosome", "bfloat16")
    }
    assert all("products_s" in row for row in rows if row["operation"] == "encoder")
    assert all(seconds > 0 for seconds in measured(rows))
    assert ("sizes come from a plain namespace" in printed) == bare
    assert ("pydantic is not installed" in printed) == bare


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_without_a_card_it_says_so():
    done = subprocess.run([sys.executable, BENCHMARKS / "gpu.py"], capture_output=True, text=True)
    assert done.returncode == 3 and "no CUDA device" in done.stderr


def test_the_plain_namespace_makes_the_same_encoder(load):
    """The same parameters, to the bit; the namespace takes the place of no module that is there already."""
    assert importlib.import_module("dna_mamba.models").ModelConfig
    encoder = load("gpu_encoder")
    plan = encoder.DRY
    plain, configured = (encoder.make_encoder(plan, plain=how).state_dict() for how in (True, False))
    assert {k: v.shape for k, v in plain.items()} == {k: v.shape for k, v in configured.items()}
    assert all(torch.equal(plain[k], v) for k, v in configured.items())


def test_ratios_are_to_the_larger_floor_and_to_others(load):
    shape = {"batch": 1, "length": 8, "dtype": "float32", "gated": False}
    ours = {"operation": "scan", **shape, "traffic_s": 1.0, "exponentials_s": 2.0, "forward_s": 3.0, "both_s": 9.0}
    other = {"operation": "scan, other", **shape, "forward_s": 6.0, "both_s": 10.0}
    elsewhere = other | {"length": 9}
    _, line = load("gpu").ratios([ours, other, elsewhere])
    assert " ".join(line.split()).endswith(" 3000.000 2000.000 1.50 0.50 of other (0.90 with gradients)")


def test_channels_first_is_what_mamba_ssm_takes(load):
    card = load("card").Card("cpu", "chunked", 0.0, 1.0, 1.0)
    kernels = load("gpu_kernels")
    inputs = kernels.scan_inputs(card, kernels.DRY, 2, 5, torch.float32, gated=True)
    turned = load("rival").channels_first(inputs)
    assert "addend" not in turned and turned["A"] is inputs["A"]
    assert turned["u"].shape == (2, 8, 5) and turned["B"].shape == (2, 16, 5)
    assert all(x.is_contiguous() for x in turned.values())
    assert torch.equal(turned["z"].transpose(1, 2), inputs["z"])


def test_a_checkout_without_its_sources_is_refused(load, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"selective_scan\.cpp: give a checkout of mamba-ssm"):
        load("rival").built(tmp_path)


def test_conv1d_is_the_same_convolution(load):
    card = load("card").Card("cpu", "chunked", 0.0, 1.0, 1.0)
    kernels = load("gpu_kernels")
    inputs = kernels.conv_inputs(card, kernels.DRY, 2, 9, torch.float32)
    torch.testing.assert_close(kernels._conv1d_turned(**inputs), kernels._conv("chunked", **inputs))
