"""What is said to be free is what limits this process."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from dna_mamba import machine

LIMITED = """
import resource
from dna_mamba.machine import available_memory
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
print(available_memory())
"""


def test_an_address_space_limit_counts() -> None:
    free = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=True, timeout=60)
    assert 0 < int(free.stdout) < 2**30


def test_a_control_group_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit, used = tmp_path / "memory.max", tmp_path / "memory.current"
    limit.write_text("1000\n")
    used.write_text("400\n")
    monkeypatch.setattr(machine, "_CGROUP_LIMITS", ((str(limit), str(used)),))
    assert machine.available_memory() == 600
    limit.write_text("max\n")
    assert machine.available_memory() != 600


def test_no_more_than_the_machine_has() -> None:
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        free = machine.available_memory()
        assert free is None or free > 2**20
