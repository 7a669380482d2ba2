"""Signals that ask a run to stop: they are noted, and acted on between two steps."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOP_SIGNALS = [signal.SIGTERM] + ([signal.SIGUSR1] if hasattr(signal, "SIGUSR1") else [])


class StopRequest:
    """``received`` names the signal that came, or is None."""

    received: str | None = None


@contextmanager
def stop_on_signal() -> Iterator[StopRequest]:
    """Catch SIGTERM and SIGUSR1 (what schedulers send before they kill) while the block runs.

    Python hands signals to its main thread alone: in any other thread nothing is caught.
    """
    request = StopRequest()
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
