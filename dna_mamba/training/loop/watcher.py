"""Who is told how a run is getting on."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from dna_mamba.runs.counts import Advance, untold

Report = Callable[[str], None]
"""Takes one line of news."""


@contextmanager
def _silent(total: int) -> Iterator[Advance]:
    yield untold


class Watcher(NamedTuple):
    """``report`` gets the news; ``progress``, given the number of steps to come, gives what counts them."""

    report: Report = lambda line: None
    progress: Callable[[int], AbstractContextManager[Advance]] = _silent


SILENT = Watcher()
"""Tells nobody."""
