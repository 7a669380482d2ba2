"""What goes wrong in one of several processes ends all of them, with one line and one code, and spoils nothing.

Rows 14 to 20 of what is promised (docs/reliability.md), for training by several processes. Every start has a time
limit that fails the test.
"""

import json
import os
import random
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from dna_mamba.checkpoints.manifest import verify_manifest
from dna_mamba.training.loop.checkpoint import list_checkpoints
from dna_mamba.training.loop.loop import CHECKPOINTS
from tests.training.distributed.curves import assert_same_curve, curve, weights
from tests.training.distributed.processes import Outcome, Starter, fault

FSDP = ("--set", "distributed.strategy=fsdp")


def newest(run: Path) -> int:
    """The step of the newest checkpoint, which is whole."""
    path = list_checkpoints(run / CHECKPOINTS)[0]
    verify_manifest(path)
    return int(json.loads((path / "state.json").read_text())["step"])


def ended(outcome: Outcome, code: int, *words: str) -> None:
    assert set(outcome.codes) == {code}, outcome
    assert outcome.speaks_once(), outcome.stderr
    assert all(word in outcome.last_line for word in words), outcome.stderr


@pytest.fixture(scope="module")
def of_two(starter: Starter, uneven: Path) -> Path:
    """The run of two processes that nothing happens to."""
    run = uneven.parent / "two"
    assert starter.run(2, uneven, run).codes == [0, 0]
    return run


def resumes(starter: Starter, recipe: Path, run: Path, expected: Path) -> None:
    assert starter.run(2, recipe, run, "--resume").codes == [0, 0]
    assert curve(run) == curve(expected) and weights(run) == weights(expected)


@pytest.mark.parametrize("strategy", [(), FSDP])
def test_a_loss_that_is_not_a_number_in_one_process(
    starter: Starter, uneven: Path, tmp_path: Path, strategy: tuple[str, ...]
) -> None:
    run = tmp_path / "run"
    ended(starter.run(2, uneven, run, *strategy, fault=fault("not_a_number", 6, 1)), 3, "step 6", "are unchanged")
    report = json.loads((run / "non-finite-step-6.json").read_text(), parse_constant=pytest.fail)
    assert report["processes_not_finite"] == [1] and len(report["windows"]) == 5
    assert newest(run) == 4


def test_a_full_disk_where_checkpoints_are_written(
    starter: Starter, uneven: Path, tmp_path: Path, of_two: Path
) -> None:
    run = tmp_path / "run"
    ended(starter.run(2, uneven, run, fault=fault("full_disk", 8, 0)), 3, "the disk is full")
    assert newest(run) == 4 and not list((run / CHECKPOINTS).glob(".*"))
    resumes(starter, uneven, run, of_two)


def test_too_little_memory_in_one_process(starter: Starter, uneven: Path, tmp_path: Path) -> None:
    ended(starter.run(2, uneven, tmp_path / "run", fault=fault("out_of_memory", 6, 1)), 3, "out of memory")


def test_damaged_checkpoints(starter: Starter, uneven: Path, tmp_path: Path, of_two: Path) -> None:
    run = tmp_path / "run"
    assert starter.run(2, uneven, run, fault=fault("asked_to_stop", 10, 0)).codes == [75, 75]
    latest, *older = list_checkpoints(run / CHECKPOINTS)
    damage(latest)
    ended(starter.run(2, uneven, run, "--resume", "--strict"), 2, "SHA-256")
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    resumed = starter.run(2, uneven, copy, "--resume", *FSDP)
    assert resumed.codes == [0, 0] and resumed.stderr.count("checkpoint skipped") == 1
    assert "resumed after step 8" in resumed.stderr
    assert_same_curve(copy, of_two)
    for path in older:
        damage(path)
    ended(starter.run(2, uneven, run, "--resume"), 2, "every checkpoint is damaged")


def damage(checkpoint: Path) -> None:
    content = bytearray((checkpoint / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (checkpoint / "model.safetensors").write_bytes(content)


def test_a_process_that_does_not_answer(starter: Starter, uneven: Path, tmp_path: Path) -> None:
    limit = ("--set", "distributed.timeout_seconds=3")
    outcome = starter.run(2, uneven, tmp_path / "run", *limit, fault=fault("stuck", 6, 0))
    assert outcome.codes == [-signal.SIGKILL, 3] and outcome.speaks_once()
    assert "distributed.timeout_seconds" in outcome.last_line
    assert newest(tmp_path / "run") == 4


def test_mistakes_are_told_once(starter: Starter, uneven: Path, tmp_path: Path, of_two: Path) -> None:
    ended(starter.run(2, uneven, of_two), 2, "exists already")
    ended(starter.run(2, uneven, tmp_path / "run", "--set", "seed=none"), 2, "seed")
    ended(starter.run(3, uneven, tmp_path / "run", "--set", "distributed.context_parallel=2"), 2, "does not divide 3")
    assert not (tmp_path / "run").exists()


def kill_at_random(starter: Starter, recipe: Path, run: Path, expected: Path, seed: int) -> None:
    """Kill one process or all at some moment of a run, and resume it."""
    draw = random.Random(seed)
    pids = starter.start(2, recipe, run)
    log, wanted = run / "log.jsonl", draw.randrange(1, 24)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (log.exists() and log.read_bytes().count(b"\n") >= wanted):
        time.sleep(0.002)
    time.sleep(draw.random() * 0.05)
    victims = pids if draw.random() < 0.3 else [draw.choice(pids)]
    for pid in victims:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    outcome = starter.wait()
    for pid, code in zip(pids, outcome.codes, strict=True):
        # 143: asked to end while it closed, where nothing is exchanged any more
        assert code in ((-signal.SIGKILL, 0) if pid in victims else (3, 0, 143)), outcome
    assert "Traceback" not in outcome.stderr
    if len(victims) == 1 and 3 in outcome.codes:
        assert outcome.speaks_once() and "another process of this run ended" in outcome.last_line
    resumes(starter, recipe, run, expected)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_a_random_moment(starter: Starter, uneven: Path, tmp_path: Path, of_two: Path, seed: int) -> None:
    kill_at_random(starter, uneven, tmp_path / "run", of_two, seed)


@pytest.mark.slow
def test_killed_at_twenty_random_moments(starter: Starter, uneven: Path, tmp_path: Path, of_two: Path) -> None:
    for seed in range(100, 120):
        kill_at_random(starter, uneven, tmp_path / str(seed), of_two, seed)
