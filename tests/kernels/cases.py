"""The backends that this machine runs, as parameters of tests; problems.py holds the problems."""

from typing import Any

import pytest

from dna_mamba_kernels.native import library
from tests.kernels.problems import (
    OPTIONS,
    Outcome,
    assert_close,
    conv_case,
    distance,
    run_conv,
    run_scan,
    scan_case,
)

__all__ = [
    "BACKENDS",
    "NATIVE",
    "OPTIONS",
    "Outcome",
    "assert_close",
    "conv_case",
    "distance",
    "run_conv",
    "run_scan",
    "scan_case",
]

_loaded = library.load()
NATIVE: list[Any] = (
    [pytest.param("native", marks=pytest.mark.skip(reason=f"native kernel: {_loaded.reason}: {_loaded.detail}"))]
    if isinstance(_loaded, library.Missing)
    else [f"native:{isa}" for isa in _loaded.isas]
)
"""The native backend with each instruction set this machine runs."""

BACKENDS = ["chunked", *NATIVE]
