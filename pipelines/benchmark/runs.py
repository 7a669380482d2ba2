"""One run of ``dna-mamba finetune`` on one set, resumed where it was stopped and kept once it is done."""

import hashlib
import json
import signal
import subprocess
import sys
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


def finetune(recipe: dict[str, Any], table: Path, directory: Path, *, device: str, threads: int) -> Outcome:
    """Run, or resume what another call began with the same recipe and rows; anything else there is replaced.

    Args:
        recipe: of ``dna-mamba finetune``, every default filled in, so that a run never resumes one of other defaults.
        table: the rows, to tell whether they changed.
        directory: of the run; beside it stand its recipe (``.yaml``) and what it was run on (``.json``).
        device: as ``--device`` takes it.
        threads: as ``--threads`` takes it.
    """
    identity, beside = _identity(recipe, table), directory.parent / f"{directory.name}.json"
    same = beside.is_file() and beside.read_bytes() == identity
    for path, content in ((beside, identity), (beside.with_suffix(".yaml"), yaml.safe_dump(recipe).encode())):
        with atomic_output(path, force=True) as stream:
            stream.write(content)
    recipe_file = str(beside.with_suffix(".yaml"))
    command = [sys.executable, "-m", "dna_mamba", "finetune", "--recipe", recipe_file, "-o", str(directory)]
    command += ["--device", device, "--threads", str(threads), "--resume" if same else "--force"]
    code, said = _run(command, directory.parent / f"{directory.name}.txt")
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


def _run(command: list[str], output: Path) -> tuple[int, str]:
    """Exit code and last line of a command, all of whose lines go to a file; signals to stop are passed on to it."""
    with (
        open(output, "wb") as stream,
        subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT) as process,
        _passed_on(process),
    ):
        code = process.wait()
    lines = [line for line in output.read_text(errors="replace").replace("\r", "\n").splitlines() if line.strip()]
    return code, lines[-1] if lines else ""


@contextmanager
def _passed_on(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    before = {number: signal.signal(number, lambda got, frame: process.send_signal(got)) for number in _STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
