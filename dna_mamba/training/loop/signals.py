"""What asks a run to stop: it is noted, and acted on between two steps."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from dna_mamba.errors import PreemptedError

_STOP_SIGNALS = [signal.SIGTERM] + ([signal.SIGUSR1] if hasattr(signal, "SIGUSR1") else [])


class StopRequest:
    """What came so far: ``received`` names a signal, or is None.

    With ``heed_launcher`` the end of the parent process is a request too: nobody is left to pass signals on, or to see
    how the run ends.
    """

    def __init__(self, *, heed_launcher: bool) -> None:
        self.received: str | None = None
        self._launcher = os.getppid() if heed_launcher else None

    @property
    def reason(self) -> str | None:
        """Why the run is to stop, or None."""
        if self.received is None and self._launcher not in (None, os.getppid()):
            return "the launcher ended"
        return self.received

    def check(self, directory: Path) -> None:
        """Raise PreemptedError where the run in ``directory`` is asked to stop and has kept what is done."""
        if self.reason is not None:
            remedy = "run the same command with --resume"
            raise PreemptedError(f"{self.reason}; what was done is kept", place=directory, remedy=remedy)


@dataclass(frozen=True)
class _Note:
    """A handler that notes a signal in requests, that of the innermost block first."""

    requests: tuple[StopRequest, ...]

    def __call__(self, number: int, frame: FrameType | None) -> None:
        for request in self.requests:
            request.received = signal.Signals(number).name


@contextmanager
def stop_on_signal(*, heed_launcher: bool = False) -> Iterator[StopRequest]:
    """Catch SIGTERM and SIGUSR1 (what schedulers send before they kill) while the block runs.

    In a block within such a block a signal is a request to both. Python hands signals to its main thread alone: in any
    other thread nothing is caught.
    """
    request = StopRequest(heed_launcher=heed_launcher)
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    outer = signal.getsignal(_STOP_SIGNALS[0])
    note = _Note((request, *(outer.requests if isinstance(outer, _Note) else ())))
    previous = {number: signal.signal(number, note) for number in _STOP_SIGNALS}
    try:
        yield request
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
