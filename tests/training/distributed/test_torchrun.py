"""The launcher itself, as users start it."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dna_mamba.checkpoints.manifest import verify_manifest
from dna_mamba.training.loop.checkpoint import list_checkpoints
from dna_mamba.training.loop.loop import CHECKPOINTS
from tests.training.distributed.processes import ENVIRONMENT, ROOT, SECONDS

pytestmark = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")

ENDLESS = ("schedule.steps=100000", "schedule.evaluate_every=100000", "genome.validation=[]", "genome.test=[]")


class Torchrun:
    """A run without end of two processes, and what it says."""

    def __init__(self, recipe: Path, run: Path) -> None:
        self.run, self._said = run, run.parent / "said.txt"
        launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
        signals = ["--signals-to-handle", "SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1"]
        words = ["pretrain", str(recipe), "-o", str(run), *(word for key in ENDLESS for word in ("--set", key))]
        with self._said.open("wb") as stream:
            self.process = subprocess.Popen(
                [*launcher, *signals, "-m", "dna_mamba", *words],
                cwd=ROOT, env=ENVIRONMENT, stdout=stream, stderr=stream, start_new_session=True,
            )  # fmt: skip

    def wait_for_checkpoint(self) -> None:
        deadline = time.monotonic() + SECONDS
        while not list_checkpoints(self.run / CHECKPOINTS):
            assert self.process.poll() is None and time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def wait_for_all(self) -> None:
        """Until no process of it is left."""
        deadline = time.monotonic() + 60
        self.process.wait()
        while any(str(self.run) in _command_line(path) for path in Path("/proc").glob("[0-9]*")):
            assert time.monotonic() < deadline, f"processes are left: {self.said}"
            time.sleep(0.05)

    @property
    def said(self) -> str:
        return self._said.read_text()

    def complaints(self) -> list[str]:
        return [line for line in self.said.splitlines() if line.startswith("dna-mamba: ")]


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


@pytest.fixture
def endless(uneven: Path, tmp_path: Path) -> Iterator[Torchrun]:
    started = Torchrun(uneven, tmp_path / "run")
    try:
        yield started
    finally:
        started.process.kill()  # its processes notice
        started.wait_for_all()


def stopped_whole(started: Torchrun, reason: str) -> None:
    (line,) = started.complaints()
    assert reason in line and "checkpoint written" in line
    verify_manifest(list_checkpoints(started.run / CHECKPOINTS)[0])


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGUSR1, marks=pytest.mark.slow)], ids=["SIGTERM", "SIGUSR1"]
)
def test_a_signal_to_the_launcher_reaches_all(endless: Torchrun, number: signal.Signals) -> None:
    endless.wait_for_checkpoint()
    endless.process.send_signal(number)
    assert endless.process.wait(60) == 1  # whatever its processes exit with
    endless.wait_for_all()
    stopped_whole(endless, number.name)


@pytest.mark.slow
def test_a_launcher_that_is_killed_leaves_a_checkpoint_and_no_process(endless: Torchrun) -> None:
    endless.wait_for_checkpoint()
    endless.process.kill()
    endless.wait_for_all()
    stopped_whole(endless, "the launcher ended")


def test_all_processes_exit_with_the_code_of_a_mistake(uneven: Path, tmp_path: Path) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "dna_mamba"]
    mistake = ["pretrain", str(uneven), "-o", str(tmp_path / "run"), "--set", "genome.test=[gone]"]
    done = subprocess.run(
        [*launcher, *mistake], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    (line,) = (line for line in lines if line.startswith("dna-mamba: "))
    assert "no contig matches 'gone'" in line
    codes = [line.split(":")[1].split()[0] for line in lines if line.strip().startswith("exitcode")]
    assert codes and set(codes) == {"2"}
