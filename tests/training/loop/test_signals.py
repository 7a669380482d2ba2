"""Requests to stop are noted while the block runs, and no longer."""

import os
import signal
import threading

import pytest

from dna_mamba.training.loop.signals import stop_on_signal

SIGNALS = [signal.SIGTERM, *([signal.SIGUSR1] if hasattr(signal, "SIGUSR1") else [])]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_noted_by_name_and_ends_nothing(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    received = []
    with stop_on_signal() as stop:
        received.append(stop.received)
        os.kill(os.getpid(), number)
        received.append(stop.received)
    assert received == [None, number.name]
    assert signal.getsignal(number) == before


def test_handlers_return_after_an_error() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(ZeroDivisionError), stop_on_signal():
        raise ZeroDivisionError
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_ctrl_c_is_left_alone() -> None:
    with pytest.raises(KeyboardInterrupt), stop_on_signal():
        os.kill(os.getpid(), signal.SIGINT)


def test_other_threads_train_without_it() -> None:
    """Python lets none but the main thread handle signals."""
    seen: list[object] = []

    def work() -> None:
        with stop_on_signal() as stop:
            seen.append(stop.received)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [None]
