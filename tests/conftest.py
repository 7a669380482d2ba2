"""Set-up that every test shares."""

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Tests that run side by side share the cores: torch reads this when it is first imported, here or in a child.
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if WORKERS > 1:
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // WORKERS)))

# Without a card Triton's kernels run in its interpreter, which it decides on when it is first imported, by any test.
if not Path("/dev/nvidia0").exists() and find_spec("triton"):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_INTERPRET", "1")
        import_module("triton.language")

# How long an example takes says more about the machine than about the code. The same examples every time, so that a
# change is judged by what it changes; "random" (make test-all) looks for new ones.
settings.register_profile("random", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("random"), derandomize=True, database=None)
settings.load_profile("same")
