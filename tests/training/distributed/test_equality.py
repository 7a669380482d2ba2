"""However many processes train, and whatever each of them keeps, what is learnt is what one process learns."""

import shutil
from pathlib import Path

import pytest

from tests.training.distributed.curves import assert_near_weights, assert_same_curve, curve, weights
from tests.training.distributed.processes import Starter, fault

DDP, FSDP = "distributed.strategy=ddp", "distributed.strategy=fsdp"


def sets(*settings: str) -> tuple[str, ...]:
    return tuple(word for setting in settings for word in ("--set", setting))


@pytest.mark.parametrize(
    ("size", "settings"),
    [
        (2, [DDP]),
        (4, [DDP, "batch.micro_windows=1"]),
        (2, [FSDP, "recompute=true", "batch.micro_windows=2"]),
        (4, [FSDP]),
        (4, [FSDP, "distributed.context_parallel=2"]),
        (2, [DDP, "distributed.context_parallel=2"]),
    ],
)
def test_twenty_steps_are_those_of_one_process(
    starter: Starter, uneven: Path, alone: Path, tmp_path: Path, size: int, settings: list[str]
) -> None:
    outcome = starter.run(size, uneven, tmp_path / "run", *sets(*settings))
    assert outcome.codes == [0] * size, outcome.stderr
    assert_same_curve(tmp_path / "run", alone)
    assert_near_weights(tmp_path / "run", alone)
    assert outcome.stderr.count("model written") == 1


def test_a_process_without_windows(starter: Starter, uneven: Path, tmp_path: Path) -> None:
    few = sets("batch.windows=3", "schedule.steps=6")
    for size in (1, 4):
        assert starter.run(size, uneven, tmp_path / str(size), *few).codes == [0] * size
    assert_same_curve(tmp_path / "4", tmp_path / "1")


@pytest.mark.parametrize("strategy", [DDP, FSDP])
def test_a_stopped_run_resumes_to_the_bit_and_at_another_size(
    starter: Starter, uneven: Path, alone: Path, tmp_path: Path, strategy: str
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert starter.run(3, uneven, whole, *sets(strategy)).codes == [0] * 3
    outcome = starter.run(3, uneven, stopped, *sets(strategy), fault=fault("asked_to_stop", 9, 1))
    assert outcome.codes == [75] * 3 and outcome.speaks_once()
    assert "SIGUSR1 after step 9" in outcome.last_line
    other = {DDP: FSDP, FSDP: DDP}[strategy]
    for size, settings in ((1, ()), (2, sets(other))):
        copy = tmp_path / f"at {size}"
        shutil.copytree(stopped, copy)
        resumed = starter.run(size, uneven, copy, "--resume", *settings)
        assert resumed.codes == [0] * size and "resumed after step 9" in resumed.stderr
        assert_same_curve(copy, alone)
        assert_near_weights(copy, alone)
    assert starter.run(3, uneven, stopped, "--resume", *sets(strategy)).codes == [0] * 3
    assert curve(stopped) == curve(whole) and weights(stopped) == weights(whole)
    finished = starter.run(3, uneven, stopped, "--resume", *sets(strategy))
    assert finished.codes == [0] * 3 and weights(stopped) == weights(whole)
