"""Memory that nobody wrote is made to show."""

import math
from collections.abc import Iterator

import pytest
import torch


@pytest.fixture
def poisoned() -> Iterator[None]:
    """What torch allocates without a value holds NaN: an output that a kernel leaves out is seen."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    assert math.isnan(torch.empty(7)[3])
    yield
    torch.use_deterministic_algorithms(before[0], warn_only=before[1])
