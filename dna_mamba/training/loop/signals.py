"""What asks a run to stop: it is noted, and acted on between two steps."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

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


@contextmanager
def stop_on_signal(*, heed_launcher: bool = False) -> Iterator[StopRequest]:
    """Catch SIGTERM and SIGUSR1 (what schedulers send before they kill) while the block runs.

    Python hands signals to its main thread alone: in any other thread nothing is caught.
    """
    request = StopRequest(heed_launcher=heed_launcher)
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def note(number: int, frame: FrameType | None) -> None:
        request.received = signal.Signals(number).name

    previous = {number: signal.signal(number, note) for number in _STOP_SIGNALS}
    try:
        yield request
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
