"""One run of ``dna-mamba finetune`` on one set, resumed where it was stopped and kept once it is done.

A run ends with the process that started it, however that ends: the kernel sends it SIGTERM, it keeps what is done, and
the next call waits for it and goes on.
"""

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from dna_mamba.checkpoints import weights_sha256
from dna_mamba.io.atomic import atomic_output
from dna_mamba.version import __version__

PREEMPTED = 75
_STOPS = (signal.SIGTERM, signal.SIGUSR1)
_BEGIN = Path(__file__).with_name("begin.py")


class Manner(NamedTuple):
    """How a run goes.

    Attributes:
        device: as ``--device`` takes it.
        threads: as ``--threads`` takes it.
        nice: how far it stands back behind other processes, 0 to 19.
        deadline: of ``time.monotonic``, when it is stopped; None for never.
    """

    device: str
    threads: int
    nice: int = 0
    deadline: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether no time is left."""
        return self.deadline is not None and time.monotonic() >= self.deadline


class Outcome(NamedTuple):
    """What became of a run.

    Attributes:
        results: of ``results.json``, or None.
        seconds: of each method, trainings on all folds and seeds together.
        problem: the last line that a run without results said.
        code: its exit code; 0 for one that is done.
    """

    results: dict[str, Any] | None
    seconds: dict[str, float]
    problem: str = ""
    code: int = 0


def done(recipe: dict[str, Any], table: Path, directory: Path) -> Outcome | None:
    """The outcome of a run that ended earlier with this recipe on these rows, if there is one."""
    try:
        if (directory.parent / f"{directory.name}.json").read_bytes() != _identity(recipe, table):
            return None
        results = json.loads((directory / "results.json").read_bytes())
        return Outcome(results, seconds_by_method(directory / "log.jsonl"))
    except FileNotFoundError:
        return None


def finetune(recipe: dict[str, Any], table: Path, directory: Path, manner: Manner) -> Outcome:
    """Run, or resume what another call began with the same recipe and rows; anything else there is replaced.

    Args:
        recipe: of ``dna-mamba finetune``, every default filled in, so that a run never resumes one of other defaults.
        table: the rows, to tell whether they changed.
        directory: of the run; beside it stand its recipe (``.yaml``), what it was run on (``.json``) and what it said
            (``.txt``).
        manner: how it goes.
    """
    identity, beside = _identity(recipe, table), directory.parent / f"{directory.name}.json"
    with _alone(beside.with_suffix(".lock")) as lock:
        same = beside.is_file() and beside.read_bytes() == identity
        for path, content in ((beside, identity), (beside.with_suffix(".yaml"), yaml.safe_dump(recipe).encode())):
            with atomic_output(path, force=True) as stream:
                stream.write(content)
        recipe_file = str(beside.with_suffix(".yaml"))
        command = [sys.executable, "-m", "dna_mamba", "finetune", "--recipe", recipe_file, "-o", str(directory)]
        command += ["--device", manner.device, "--threads", str(manner.threads), "--resume" if same else "--force"]
        code, said = _run(command, beside.with_suffix(".txt"), manner, lock)
    if code == PREEMPTED:
        return Outcome(None, {}, "stopped, the same command goes on", code)
    if code:
        return Outcome(None, {}, said or f"exit code {code}", code)
    return done(recipe, table, directory) or Outcome(None, {}, f"no results in {directory}", 1)


def seconds_by_method(log: Path) -> dict[str, float]:
    """Seconds that each method took, over all its trainings, whatever interrupted them."""
    seconds: dict[str, float] = defaultdict(float)
    for line in log.read_text().splitlines():
        row = json.loads(line)
        if row.get("event") == "unit":
            seconds[row["method"]] += row["seconds"]
    return dict(seconds)


def _identity(recipe: dict[str, Any], table: Path) -> bytes:
    """Everything that a run's results depend on: its whole recipe, the rows and the weights."""
    rows = hashlib.sha256(table.read_bytes()).hexdigest()
    facts = {"recipe": recipe, "rows": rows, "weights": weights_sha256(recipe["model"]), "version": __version__}
    return (json.dumps(facts, indent=1, sort_keys=True) + "\n").encode()


@contextmanager
def _alone(path: Path) -> Iterator[int]:
    """The descriptor of a file that one run holds at a time; who comes second waits for the first."""
    with open(path, "ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{path}: waiting for another process that is at this run", file=sys.stderr, flush=True)
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield stream.fileno()


def _run(command: list[str], output: Path, manner: Manner, lock: int) -> tuple[int, str]:
    """Exit code and last line of a command, all of whose lines go to a file; signals to stop are passed on to it.

    It holds the lock as long as it lives, and gets SIGTERM at the deadline, or where this process dies first.
    """
    begun = [sys.executable, str(_BEGIN), str(manner.nice), str(os.getpid()), *command]
    with (
        open(output, "wb") as stream,
        subprocess.Popen(begun, stdout=stream, stderr=subprocess.STDOUT, pass_fds=(lock,)) as process,
        _passed_on(process),
    ):
        left = None if manner.deadline is None else max(0.0, manner.deadline - time.monotonic())
        try:
            code = process.wait(left)
        except subprocess.TimeoutExpired:
            process.terminate()
            code = process.wait()
    return code, _last_line(output)


def _last_line(output: Path) -> str:
    """What a run said last, or nothing where it said nothing."""
    text = output.read_text(errors="replace") if output.is_file() else ""
    lines = [line for line in text.replace("\r", "\n").splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


@contextmanager
def _passed_on(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    before = {number: signal.signal(number, lambda got, frame: process.send_signal(got)) for number in _STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
