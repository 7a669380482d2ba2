"""Pretraining from end to end: it learns, resumes to the bit, stops when asked, and never spoils what is on disk."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

from dna_mamba.checkpoints import load_model
from dna_mamba.errors import InputError, NonFiniteLossError, PreemptedError
from dna_mamba.training.loop.checkpoint import list_checkpoints
from dna_mamba.training.loop.log import read_log
from dna_mamba.training.loop.loop import CHECKPOINTS, LOG
from dna_mamba.training.loop.watcher import SILENT
from dna_mamba.training.pretrain import PretrainJob, Watcher, read_recipe
from dna_mamba.training.pretrain.directory import MODEL


def run(recipe: Path, directory: Path, *overrides: str, watcher: Watcher = SILENT, **options: Any) -> Path:
    return PretrainJob(read_recipe(recipe, overrides), directory).run(watcher, **options)


def curve(directory: Path) -> list[tuple[Any, ...]]:
    """What a resumed run must repeat to the last bit: all of the log but the times."""
    keys = ("event", "step", "split", "loss_nats", "gradient_norm", "learning_rate", "bits_per_base")
    return [tuple(str(row.get(key)) for key in keys) for row in read_log(directory / LOG)]


def weights(directory: Path) -> bytes:
    return (directory / MODEL / "model.safetensors").read_bytes()


class InterruptionError(Exception):
    """Stands in for the power going off between two steps."""


def calling(advance: Callable[[int], None], report: Callable[[str], None] = lambda line: None) -> Watcher:
    return Watcher(report, lambda total: nullcontext(advance))


def stop_after(steps: int) -> Watcher:
    """Interrupt when so many steps were made in this process."""
    made = 0

    def advance(count: int) -> None:
        nonlocal made
        made += count
        if made == steps:
            raise InterruptionError

    return calling(advance)


def test_it_learns_and_says_how_well(recipe_path: Path, tmp_path: Path) -> None:
    model_path = run(recipe_path, tmp_path / "run", "schedule.steps=150", command="dna-mamba pretrain ...")
    rows = list(read_log(tmp_path / "run" / LOG))
    final = [row for row in rows if row["event"] == "evaluate" and row["split"] == "test"][-1]
    baselines = [row for row in rows if row["event"] == "baselines" and row["split"] == "test"][-1]["bits_per_base"]
    assert final["bits_per_base"] < baselines["one-sided order 1"]
    card = (model_path / "CARD.md").read_text()
    assert f"{final['bits_per_base']:.4f}" in card and "dna-mamba pretrain ..." in card and "150 steps" in card
    config = load_model(model_path).config
    assert config.d_model == 16 and config.trained_window_bp == 64


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
    while not list_checkpoints(directory / CHECKPOINTS):
        assert process.poll() is None and time.monotonic() < deadline, "the run ended before its first checkpoint"
        time.sleep(0.02)


STAGES = "batch.stages=[{window_bp: 32, steps: 3}, {window_bp: 64, steps: 4}, {window_bp: 256}]"


@pytest.mark.parametrize("interrupted_after", [2, 3, 6, 9])
def test_a_run_in_stages_resumes_bit_equal(recipe_path: Path, tmp_path: Path, interrupted_after: int) -> None:
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    overrides = (STAGES, "masking.span={mean_tokens: 3}")
    run(recipe_path, whole, *overrides)
    with pytest.raises(InterruptionError):
        run(recipe_path, pieces, *overrides, watcher=stop_after(interrupted_after))
    run(recipe_path, pieces, *overrides, resume=True)
    assert weights(pieces) == weights(whole) and curve(pieces) == curve(whole)
    assert load_model(pieces / MODEL).config.trained_window_bp == 256


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
    newest = list_checkpoints(tmp_path / "run" / CHECKPOINTS)[0]
    steps = [row["step"] for row in read_log(tmp_path / "run" / LOG) if row["event"] == "train"]
    assert json.loads((newest / "state.json").read_text())["step"] == steps[-1]


def test_stop_requests_are_raised_as_errors_in_python(recipe_path: Path, tmp_path: Path) -> None:
    watcher = calling(lambda steps: os.kill(os.getpid(), signal.SIGUSR1))
    with pytest.raises(PreemptedError, match="SIGUSR1 after step 1"):
        run(recipe_path, tmp_path / "run", watcher=watcher)


def test_non_finite_loss_keeps_weights_and_names_the_batch(recipe_path: Path, tmp_path: Path) -> None:
    job = PretrainJob(read_recipe(recipe_path, ("genome.exclude=[train:1-1000]",)), tmp_path / "run")
    with torch.no_grad():
        job.model.encoder.embedding.weight[7, 0] = float("nan")
    before = {name: tensor.clone() for name, tensor in job.model.state_dict().items()}
    with pytest.raises(NonFiniteLossError, match="weights are unchanged") as caught:
        job.run()
    assert caught.value.exit_code == 3
    for name, tensor in job.model.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0, equal_nan=True)
    report = json.loads((tmp_path / "run" / "non-finite-step-1.json").read_text(), parse_constant=pytest.fail)
    assert report["loss_nats"] == "nan" and report["finite"] is False
    assert [tuple(w.values()) for w in report["windows"]] == [tuple(w) for w in job.batches[0].windows]
    assert all(w["chrom"] == "train" and w["start"] >= 1064 for w in report["windows"])  # places on the contig


def spoil_newest(directory: Path) -> None:
    path = list_checkpoints(directory / CHECKPOINTS)[0] / "model.safetensors"
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
    run(recipe_path, tmp_path / "run", resume=True, watcher=Watcher(news.append))
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
    row = [row for row in read_log(tmp_path / "run" / LOG) if row["event"] == "evaluate"][-1]
    assert row["n_bases"] % 3 == 0 and 0 < row["bits_per_base"] < 6


def rows(directory: Path) -> list[dict[str, Any]]:
    lines = (directory / LOG).read_text().splitlines()
    return [json.loads(line, parse_constant=pytest.fail) for line in lines]  # NaN is not JSON


def test_a_genome_of_one_contig(recipe_path: Path, tmp_path: Path) -> None:
    """Stretches held out of the contig that is trained on, with a margin on either side."""
    held_out = ("genome.validation=train:1001-1500", "genome.test=[train:5001-]", "genome.margin_bp=100")
    model_path = run(recipe_path, tmp_path / "run", *held_out, "genome.exclude=[val, test]")
    start, baselines, *_ = rows(tmp_path / "run")
    assert (start["train"], start["validation"], start["test"]) == (900 + 3300, 500, 1000)
    assert start["margin_bp"] == 100 and baselines["split"] == "validation"
    card = (model_path / "CARD.md").read_text()
    assert "held out `train:1001-1500` (validation) and `train:5001-` (test)" in card
    assert "100 bp on each side of a stretch" in card


def test_the_margin_is_a_window_unless_it_is_set(recipe_path: Path, tmp_path: Path) -> None:
    recipe = read_recipe(recipe_path, ("genome.validation=[train:1001-2000]",))
    job = PretrainJob(recipe, tmp_path / "run")
    trained = [(place.start, place.end) for place in job.split.train if place.chrom == "train"]
    assert trained == [(0, 1000 - 64), (2000 + 64, 6000)]
    assert "margin_bp" not in recipe.model_dump()["genome"]


def test_without_validation(recipe_path: Path, tmp_path: Path) -> None:
    news: list[str] = []
    none = ("genome.validation=[]", "genome.test=[]")
    model_path = run(recipe_path, tmp_path / "run", *none, watcher=Watcher(news.append))
    assert {row["event"] for row in rows(tmp_path / "run")} == {"start", "train"}
    card = (model_path / "CARD.md").read_text()
    assert "held out nothing (validation) and nothing (test)" in card and "bits per base" not in card
    assert "Loss is the mean" not in card and "nan" not in card
    assert "no validation: nothing says when to stop" in news
    assert (tmp_path / "run" / "curve.png").read_bytes().startswith(b"\x89PNG")


def with_contig(recipe: Path, name: str, letters: str) -> None:
    with (recipe.parent / "genome.fa").open("a") as stream:
        stream.write(f">{name}\n{letters}\n")


@pytest.mark.parametrize("letters", ["N" * 300, "", "NNNRYN"])
@pytest.mark.parametrize("use", ["validation", "test"])
def test_a_part_without_a_base_to_predict_is_refused(recipe_path: Path, tmp_path: Path, use: str, letters: str) -> None:
    with_contig(recipe_path, "gap", letters)
    with pytest.raises(InputError, match=f"genome.{use}: holds no base to predict"):
        run(recipe_path, tmp_path / "run", f"genome.{use}=[gap]")
    assert not (tmp_path / "run").exists()


def test_training_sequence_without_a_base_to_predict_is_refused(recipe_path: Path, tmp_path: Path) -> None:
    with_contig(recipe_path, "gap", "N" * 300)
    with pytest.raises(InputError, match="no base to predict among the 300 bp to train on"):
        run(recipe_path, tmp_path / "run", "genome.exclude=[train]")
    assert not (tmp_path / "run").exists()


def test_a_part_too_short_for_some_baselines_has_the_others(recipe_path: Path, tmp_path: Path) -> None:
    with_contig(recipe_path, "short", "ACGTTG")
    plan = ("validation.phases=16",)
    model_path = run(recipe_path, tmp_path / "run", "genome.validation=[short]", "genome.test=[]", *plan)
    (baselines,) = (row for row in rows(tmp_path / "run") if row["event"] == "baselines")
    one_sided = [*(f"one-sided order {k}" for k in range(1, 6)), "one-sided interpolated order 12"]
    names = [*one_sided, "two-sided 1+1", "two-sided 2+2", "two-sided interpolated 6+6"]
    assert list(baselines["bits_per_base"]) == names
    assert "nan" not in (model_path / "CARD.md").read_text()


def test_an_estimate_changes_nothing(recipe_path: Path, tmp_path: Path) -> None:
    run(recipe_path, tmp_path / "plain")
    job = PretrainJob(read_recipe(recipe_path), tmp_path / "run")
    assert job.estimate().seconds > 0 and job.size().training_bp == 6000
    assert not (tmp_path / "run").exists()
    job.run()
    assert weights(tmp_path / "run") == weights(tmp_path / "plain")


def test_a_trained_model_is_not_taken_for_a_new_one(recipe_path: Path, tmp_path: Path) -> None:
    job = PretrainJob(read_recipe(recipe_path), tmp_path / "run")
    job.run()
    before = weights(tmp_path / "run")
    with pytest.raises(InputError, match="trained already"):
        job.run(force=True)
    assert weights(tmp_path / "run") == before
    job.run(resume=True)
    assert weights(tmp_path / "run") == before


def test_force_replaces_a_run_and_a_mistake_does_not(recipe_path: Path, tmp_path: Path) -> None:
    run(recipe_path, tmp_path / "run")
    before = weights(tmp_path / "run")
    with pytest.raises(InputError, match="exists already"):
        run(recipe_path, tmp_path / "run", "seed=1")
    with pytest.raises(InputError, match="no contig matches"):
        run(recipe_path, tmp_path / "run", "genome.test=[gone]", force=True)
    assert weights(tmp_path / "run") == before
    run(recipe_path, tmp_path / "run", "seed=1", force=True)
    assert weights(tmp_path / "run") != before


def test_the_model_has_its_card_with_tables_and_figure(recipe_path: Path, tmp_path: Path) -> None:
    """Genomes by file, contexts as the recipe asks, what it cost, and the curve beside the card, under its manifest."""
    (tmp_path / "other.fa").write_text(f">there\n{'ACGTTGCAAC' * 40}\n>more\n{'ACGTTGCAAC' * 60}\n")
    both = f"genome.fasta=[{tmp_path / 'genome.fa'}, {tmp_path / 'other.fa'}]"
    model_path = run(recipe_path, tmp_path / "run", both, "genome.test=[test, there]", "test.contexts=[16, 64]")
    found = rows(tmp_path / "run")
    (contexts,) = (row for row in found if row["event"] == "contexts")
    assert [window["window_bp"] for window in contexts["windows"]] == [16, 64] and contexts["step"] == 12
    last = [row for row in found if row["event"] == "evaluate"][-1]
    assert set(last["by_genome"]) == {"genome", "other"}
    card = (model_path / "CARD.md").read_text()
    assert "| test by genome | bases | this model |" in card and "| 64 bp |" in card
    assert "12 steps, 3,072 tokens" in card and "than the best baseline, " in card
    figure = (model_path / "curve.png").read_bytes()
    assert "](curve.png)" in card and figure == (tmp_path / "run" / "curve.png").read_bytes()
    load_model(model_path)  # checks the manifest
