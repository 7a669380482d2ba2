"""Pretraining from end to end: it learns, resumes to the bit, stops when asked, and never spoils what is on disk."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from dna_mamba.checkpoints import load_model
from dna_mamba.errors import InputError, NonFiniteLossError, PreemptedError
from dna_mamba.training.loop.checkpoint import list_checkpoints
from dna_mamba.training.loop.log import read_log
from dna_mamba.training.pretrain import job as training
from dna_mamba.training.pretrain.recipe import read_recipe

CPU = torch.device("cpu")
SILENT = training.Watcher(report=lambda line: None, advance=lambda steps: None)


def run(recipe: Path, directory: Path, *overrides: str, resume: bool = False, **options: Any) -> Path:
    prepared = training.prepare(read_recipe(recipe, overrides), directory, CPU)
    watcher = options.pop("watcher", SILENT)
    done = training.begin(prepared, watcher.report, resume=resume, strict=options.pop("strict", False))
    return training.pretrain(prepared, watcher, done=done, **options)


def curve(directory: Path) -> list[tuple[Any, ...]]:
    """What a resumed run must repeat to the last bit: all of the log but the times."""
    keys = ("event", "step", "split", "loss_nats", "gradient_norm", "learning_rate", "bits_per_base")
    return [tuple(str(row.get(key)) for key in keys) for row in read_log(directory / training.LOG)]


def weights(directory: Path) -> bytes:
    return (directory / training.MODEL / "model.safetensors").read_bytes()


class InterruptionError(Exception):
    """Stands in for the power going off between two steps."""


def stop_after(steps: int) -> training.Watcher:
    """Interrupt when so many steps were made in this process."""
    made = 0

    def advance(count: int) -> None:
        nonlocal made
        made += count
        if made == steps:
            raise InterruptionError

    return training.Watcher(report=lambda line: None, advance=advance)


def test_it_learns_and_says_how_well(recipe_path: Path, tmp_path: Path) -> None:
    model_path = run(recipe_path, tmp_path / "run", "schedule.steps=150", command="dna-mamba pretrain ...")
    rows = list(read_log(tmp_path / "run" / training.LOG))
    final = [row for row in rows if row["event"] == "evaluate" and row["split"] == "test"][-1]
    baselines = [row for row in rows if row["event"] == "baselines" and row["split"] == "test"][-1]["bits_per_base"]
    assert final["bits_per_base"] < baselines["one-sided order 1"]
    card = (model_path / "CARD.md").read_text()
    assert f"{final['bits_per_base']:.4f}" in card and "dna-mamba pretrain ..." in card and "150 steps" in card
    assert load_model(model_path).config.d_model == 16


@pytest.mark.parametrize("interrupted_after", [2, 4, 7, 12])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_resume_is_bit_equal(recipe_path: Path, tmp_path: Path, interrupted_after: int, precision: str) -> None:
    run(recipe_path, tmp_path / "whole", f"precision={precision}")
    with pytest.raises(InterruptionError):
        run(recipe_path, tmp_path / "halved", f"precision={precision}", watcher=stop_after(interrupted_after))
    run(recipe_path, tmp_path / "halved", f"precision={precision}", resume=True)
    assert curve(tmp_path / "halved") == curve(tmp_path / "whole")
    assert weights(tmp_path / "halved") == weights(tmp_path / "whole")


def command(recipe: Path, directory: Path, *options: str) -> list[str]:
    program = [sys.executable, "-m", "dna_mamba", "pretrain"]
    return [*program, str(recipe), "-o", str(directory), "--threads", "1", *options]


def wait_for_checkpoint(directory: Path, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not list_checkpoints(directory / training.CHECKPOINTS):
        assert process.poll() is None and time.monotonic() < deadline, "the run ended before its first checkpoint"
        time.sleep(0.02)


def test_killed_and_resumed_from_the_command_line(recipe_path: Path, tmp_path: Path) -> None:
    options = ("--set", "schedule.steps=400", "--set", "schedule.evaluate_every=100")
    subprocess.run(command(recipe_path, tmp_path / "whole", *options), check=True, capture_output=True)
    process = subprocess.Popen(command(recipe_path, tmp_path / "killed", *options), stderr=subprocess.DEVNULL)
    wait_for_checkpoint(tmp_path / "killed", process)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    resumed = subprocess.run(command(recipe_path, tmp_path / "killed", *options, "--resume"), capture_output=True)
    assert resumed.returncode == 0, resumed.stderr
    assert b"resumed after step" in resumed.stderr
    assert curve(tmp_path / "killed") == curve(tmp_path / "whole")
    assert weights(tmp_path / "killed") == weights(tmp_path / "whole")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_leaves_a_checkpoint_and_code_75(recipe_path: Path, tmp_path: Path, number: signal.Signals) -> None:
    options = ("--set", "schedule.steps=100000")
    process = subprocess.Popen(command(recipe_path, tmp_path / "run", *options), stderr=subprocess.PIPE)
    wait_for_checkpoint(tmp_path / "run", process)
    os.kill(process.pid, number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 75
    last = stderr.decode().splitlines()[-1]
    assert number.name in last and "--resume" in last
    newest = list_checkpoints(tmp_path / "run" / training.CHECKPOINTS)[0]
    steps = [row["step"] for row in read_log(tmp_path / "run" / training.LOG) if row["event"] == "train"]
    assert json.loads((newest / "state.json").read_text())["step"] == steps[-1]


def test_stop_requests_are_raised_as_errors_in_python(recipe_path: Path, tmp_path: Path) -> None:
    watcher = training.Watcher(report=lambda line: None, advance=lambda n: os.kill(os.getpid(), signal.SIGUSR1))
    with pytest.raises(PreemptedError, match="SIGUSR1 after step 1"):
        run(recipe_path, tmp_path / "run", watcher=watcher)


def test_non_finite_loss_keeps_weights_and_names_the_batch(recipe_path: Path, tmp_path: Path) -> None:
    prepared = training.prepare(read_recipe(recipe_path), tmp_path / "run", CPU)
    with torch.no_grad():
        prepared.model.encoder.embedding.weight[7, 0] = float("nan")
    before = {name: tensor.clone() for name, tensor in prepared.model.state_dict().items()}
    training.begin(prepared, SILENT.report, resume=False)
    with pytest.raises(NonFiniteLossError, match="weights are unchanged") as caught:
        training.pretrain(prepared, SILENT, done=0)
    assert caught.value.exit_code == 3
    for name, tensor in prepared.model.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0, equal_nan=True)
    windows = json.loads((tmp_path / "run" / "non-finite-step-1.json").read_text())["windows"]
    assert [tuple(w.values()) for w in windows] == [tuple(w) for w in prepared.batches[0].windows]


def spoil_newest(directory: Path) -> None:
    path = list_checkpoints(directory / training.CHECKPOINTS)[0] / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def test_damaged_checkpoint_falls_back_and_says_so(recipe_path: Path, tmp_path: Path) -> None:
    run(recipe_path, tmp_path / "whole")
    with pytest.raises(InterruptionError):
        run(recipe_path, tmp_path / "run", watcher=stop_after(9))
    spoil_newest(tmp_path / "run")
    with pytest.raises(InputError, match="SHA-256"):
        run(recipe_path, tmp_path / "run", resume=True, strict=True)
    news: list[str] = []
    run(recipe_path, tmp_path / "run", resume=True, watcher=training.Watcher(news.append, lambda steps: None))
    assert any("skipped" in line and "step-000000008" in line for line in news)
    assert "resumed after step 4" in news
    assert curve(tmp_path / "run") == curve(tmp_path / "whole")


def test_another_recipe_does_not_resume(recipe_path: Path, tmp_path: Path) -> None:
    with pytest.raises(InterruptionError):
        run(recipe_path, tmp_path / "run", watcher=stop_after(5))
    with pytest.raises(InputError, match="another recipe"):
        run(recipe_path, tmp_path / "run", "optimiser.learning_rate=0.02", resume=True)


def test_words_of_several_bases_train_too(recipe_path: Path, tmp_path: Path) -> None:
    options = ("tokenizer={kind: kmer, k: 3, stride: 3}", "model.reverse_complement=augment", "batch.window_bp=66")
    run(recipe_path, tmp_path / "run", *options)
    row = [row for row in read_log(tmp_path / "run" / training.LOG) if row["event"] == "evaluate"][-1]
    assert row["n_bases"] % 3 == 0 and 0 < row["bits_per_base"] < 6
