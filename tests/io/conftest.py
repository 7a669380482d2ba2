import io

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def cache_home(tmp_path_factory, monkeypatch):
    """A cache of the test's own, so that nobody's real cache is read or written."""
    directory = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(directory))
    return directory


class _Stdin:
    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


@pytest.fixture
def give_stdin(monkeypatch):
    """Call it with the bytes that standard input shall hold."""
    return lambda data: monkeypatch.setattr("sys.stdin", _Stdin(data))


@pytest.fixture
def rng():
    return np.random.default_rng(20)
