"""Who is told how a run is getting on."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

Report = Callable[[str], None]
"""Takes one line of news."""
Advance = Callable[[int], None]
"""Takes the number of steps just done."""


@contextmanager
def _silent(total: int) -> Iterator[Advance]:
    yield lambda steps: None


class Watcher(NamedTuple):
    """``report`` gets the news; ``progress``, given the number of steps to come, gives what counts them."""

    report: Report = lambda line: None
    progress: Callable[[int], AbstractContextManager[Advance]] = _silent


SILENT = Watcher()
"""Tells nobody."""
