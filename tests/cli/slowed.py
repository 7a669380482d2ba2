"""Long commands in processes of their own, slow enough for a kill to find them at work."""

import os
import subprocess
import sys
import time
from pathlib import Path

import dna_mamba

_ROOT = Path(dna_mamba.__file__).parents[1]


def start(program: str, *words: str) -> "subprocess.Popen[str]":
    """``dna-mamba`` with ``program`` run before it."""
    path = os.pathsep.join([str(_ROOT), str(_ROOT / "kernels"), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", f"{program}\nfrom dna_mamba.cli.main import main; main()", *words],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_parts(directory: Path, count: int, process: "subprocess.Popen[str]") -> None:
    """Until so many parts of its work are kept."""
    deadline = time.monotonic() + 120
    while len(list(directory.glob("*.f32"))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no part was finished in time"
        time.sleep(0.005)
