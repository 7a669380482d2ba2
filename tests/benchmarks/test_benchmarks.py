"""The benchmarks run, at sizes that say nothing about speed: no time is asserted."""

import importlib
import json
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
TINY_RUNS = {
    "kernel": "--shape 1,16,8,4 --seconds 0.001",
    "layer": "--d-model 16 --length 32 --training-length 16 --long-length 64 --seconds 0.001 --allocators system",
    "training_step": "--size tiny --recompute yes --windows 1 --window-bp 16 --seconds 0.001",
    "tokenizing": "--genome-bp 20000 --seconds 0.001",
    "store": "--genome-bp 20000 --seconds 0.001 --windows 2 --window-bp 16",
    "leaks": "--identities 0.95 --copies 4 --training-bp 20000 --genome-bp 20000",
    "score": "--records 2 --context 16",
    "precision": "--every 200 --context 16",
    "attention": "--lengths 24 --d-model 16 --layers 1 --seconds 0.001 --turns 1",
}
MEASURED = ("_ms", "_per_token", "_per_bp", "_mib", "seconds", "speed", "ratio")


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    """Imports a benchmark, as its own processes do."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


def run(module: ModuleType, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [f"benchmarks/{module.__name__}.py", *arguments])
    module.main()


def check_results(path: Path) -> dict[str, Any]:
    """Setting and rows are there, and what was measured is above nought."""
    results = json.loads(path.read_text())
    assert results["setting"]["processor"] and results["setting"]["date"] and results["rows"]
    measured = {k: v for row in results["rows"] for k, v in row.items() if k.endswith(MEASURED)}
    assert measured and all(value > 0 for value in measured.values()), measured
    return results


@pytest.mark.parametrize("name", [*TINY_RUNS, "encoder", "figure"])
def test_help_says_what_is_measured(name, load, monkeypatch, capsys):
    with pytest.raises(SystemExit) as ended:
        run(load(name), ["--help"], monkeypatch)
    assert ended.value.code == 0 and f"python benchmarks/{name}.py" in capsys.readouterr().out


@pytest.mark.parametrize("name", TINY_RUNS)
def test_a_tiny_run(name, load, monkeypatch, tmp_path, capsys):
    path = tmp_path / "results" / f"{name}.json"
    run(load(name), [*TINY_RUNS[name].split(), "-o", str(path)], monkeypatch)
    results, printed = check_results(path), capsys.readouterr().out
    assert all(column in printed for column in list(results["rows"][0])[:2])


def test_encoder_against_length_and_its_figure(load, monkeypatch, tmp_path):
    """As a program of its own; peers that are not installed, or take too long, are rows that say so."""
    path, figure = tmp_path / "encoder.json", tmp_path / "length.png"
    arguments = "--d-model 16 --layers 2 --lengths 32 64 --modes shared --seconds 0.001 --peers mambapy --limit 1e-9"
    command = [sys.executable, BENCHMARKS / "encoder.py", *arguments.split(), "-o", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = check_results(path)["rows"]
    assert [row["length"] for row in rows if row["model"] == "dna-mamba"] == [32, 64]
    assert "skipped" in rows[-1] and rows[-1]["skipped"] in done.stdout
    assert "bytes for each bp from 32 to 64 bp" in done.stdout
    run(load("figure"), [str(path), "-o", str(figure)], monkeypatch)
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_a_peer_stops_where_time_or_memory_end(load, monkeypatch):
    encoder = load("encoder")
    last = {"length": 1024, "seconds": 2.0, "start_mib": 200.0, "peak_mib": 1224.0}
    monkeypatch.setattr(encoder, "available_memory", lambda: 8 * 2**30)
    assert encoder.foreseen(None, 4096, 1.0) is None
    assert encoder.foreseen(last, 4096, 10.0) is None
    assert encoder.foreseen(last, 4096, 7.0) == "about 8 s, above the limit of 7"
    assert encoder.foreseen(last, 8192, 60.0) == "about 8.2 GiB of memory, 8.0 free"


def test_the_figure_scales_fewer_layers(load):
    ours = {"model": "dna-mamba", "mode": "none", "layers": 16, "length": 64, "seconds": 1.0, "peak_mib": 512}
    peer = {"model": "peer 1.0", "mode": "one strand", "layers": 2, "length": 64, "seconds": 3.0, "peak_mib": 1024}
    skipped = {"model": "peer 1.0", "length": 128, "skipped": "about 9 s"}
    a, b = load("figure").lines_of([ours, peer, skipped])
    assert a == ("dna-mamba, one strand", [64], [1.0], [2**29])
    assert (b.seconds, b.peak_bytes) == ([24.0], [2**30])
    assert b.label == "peer 1.0, one strand\n(time: 2 layers measured, times 8)"


@pytest.mark.parametrize(
    "what, ratio, expected",
    [
        ("forward", 1.3, "holds even 1.35"),
        ("forward", 1.5, "holds it, not 1.35"),
        ("forward", 1.65, "misses it by 10.0%"),
        ("long", 1.1, "holds it"),
    ],
)
def test_verdicts(what, ratio, expected, load):
    layer = load("layer")
    assert layer.verdict(ratio, layer.TARGETS[what]) == expected


def test_products_are_those_of_the_faster_library(load, monkeypatch):
    measuring, products = load("measuring"), load("products")
    slow, fast = (measuring.Times(best, 9.0, (9.0,)) for best in (2.0, 1.0))
    monkeypatch.setattr(products, "LIBRARIES", ["torch", "onednn"])
    assert products.fastest({"torch": fast, "onednn": slow, "layer": fast._replace(best=0.1)}) == ("torch", fast)
    assert products.fastest({"torch": slow, "onednn": fast}) == ("onednn", fast)


def test_calls_take_turns(load):
    order: list[str] = []
    times = load("measuring").take_turns({name: lambda name=name: order.append(name) for name in "AB"}, 0.0)
    assert "".join(order) == "AB" * 4  # one round to warm up
    assert times["A"].repeats == 3 and times["A"].best <= times["A"].median


def test_products_are_those_of_the_layer(load):
    from dna_mamba.models import preset
    from dna_mamba.models.encoder import Layer
    from dna_mamba.tokenizers import NucleotideTokenizer

    config = preset("tiny", NucleotideTokenizer.caduceus().to_config())
    linears = [module for module in Layer(config).modules() if isinstance(module, torch.nn.Linear)]
    expected = sorted((linear.in_features, linear.out_features) for linear in linears)
    assert sorted(load("products").sizes_of(config)) == expected


def test_what_others_do_is_not_what_this_process_does(load):
    measuring = load("measuring")
    if measuring.busy_seconds() is None:
        pytest.skip("no /proc/stat")
    elsewhere = measuring.Elsewhere()
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        deadline = time.monotonic() + 60
        while elsewhere.cores() == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        other.kill()
    assert elsewhere.cores() > 0


def fill(size: int) -> int:
    return len(bytearray(b"x") * size)


def test_a_child_has_its_own_memory(load):
    size = 2**28
    ballast = bytearray(2 * size)  # of this process: no part of the child's
    point = load("measuring").in_child(fill, size, threads=1, allocator="retained")
    assert point.value == size and len(ballast) == 2 * size
    assert 0.9 * size < point.peak_bytes - point.start_bytes < 1.2 * size
    assert point.start_bytes < 2 * size


def test_a_child_that_fails(load):
    measuring = load("measuring")
    with pytest.raises(measuring.ChildError, match=r"stopped after 0\.01 s"):
        measuring.in_child(time.sleep, 60, threads=1, allocator="system", limit_s=0.01)
    with pytest.raises(measuring.ChildError, match="exit code 7"):
        measuring.in_child(sys.exit, 7, threads=1, allocator="system")
