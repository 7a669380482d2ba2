"""Several processes of ``dna-mamba`` from a test, each start under a time limit that fails the test."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[3]
SECONDS = 120.0
ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "kernels")]),
    "OMP_NUM_THREADS": "1",
    "GLOO_SOCKET_IFNAME": "lo",
}


class Outcome(NamedTuple):
    """Exit codes by rank, and what all of them said."""

    codes: list[int]
    stderr: str

    @property
    def last_line(self) -> str:
        return self.stderr.splitlines()[-1]

    def speaks_once(self) -> bool:
        """Whether one line says why it ended, and no traceback does."""
        complaints = [line for line in self.stderr.splitlines() if line.startswith("dna-mamba: ")]
        return len(complaints) == 1 and "Traceback" not in self.stderr


class Starter:
    """Starts ``pretrain`` as several processes, one group at a time."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.training.distributed.starter"],
            cwd=ROOT, env=ENVIRONMENT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def start(self, size: int, recipe: Path, run: Path, *more: str, fault: dict[str, Any] | None = None) -> list[int]:
        """Process numbers, by rank."""
        words = ["pretrain", str(recipe), "-o", str(run), "--threads", "1", "--device", "cpu", *more]
        errors = str(run.parent / "stderr.txt")
        return self._ask({"size": size, "words": words, "errors": errors, "fault": fault})

    def wait(self, seconds: float = SECONDS) -> Outcome:
        answer = self._ask({"wait": seconds})
        if answer["late"]:
            pytest.fail(f"not done within {seconds} s: {answer['stderr']}")
        return Outcome(answer["codes"], answer["stderr"])

    def run(self, size: int, recipe: Path, run: Path, *more: str, fault: dict[str, Any] | None = None) -> Outcome:
        self.start(size, recipe, run, *more, fault=fault)
        return self.wait()

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._server.stdin is not None and self._server.stdout is not None
        print(json.dumps(request), file=self._server.stdin, flush=True)
        return json.loads(self._server.stdout.readline())

    def close(self) -> None:
        self._server.communicate(timeout=30)


def fault(name: str, step: int, *ranks: int) -> dict[str, Any]:
    """One of ``faults``, as of a 1-based step, in these processes."""
    return {"name": name, "step": step, "ranks": ranks}
