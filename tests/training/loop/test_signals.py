"""Requests to stop are noted while the block runs, and no longer."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dna_mamba.errors import PreemptedError
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


def test_a_signal_in_a_block_within_a_block_is_a_request_to_both() -> None:
    """The inner block may end for another reason, and the outer one must still stop."""
    with stop_on_signal() as outer:
        with stop_on_signal() as inner:
            os.kill(os.getpid(), signal.SIGTERM)
        assert (inner.reason, outer.reason) == ("SIGTERM", "SIGTERM")
        with stop_on_signal() as later:
            pass
        assert later.reason is None


def test_a_request_is_an_error_that_says_how_to_go_on(tmp_path: Path) -> None:
    with stop_on_signal() as stop:
        stop.check(tmp_path)
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(PreemptedError, match=r"SIGTERM; what was done is kept; .*--resume"):
            stop.check(tmp_path)


def test_handlers_return_after_an_error() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(ZeroDivisionError), stop_on_signal():
        raise ZeroDivisionError
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_ctrl_c_is_left_alone() -> None:
    with pytest.raises(KeyboardInterrupt), stop_on_signal():
        os.kill(os.getpid(), signal.SIGINT)


LAUNCHED = """
import os, time
from dna_mamba.training.loop.signals import stop_on_signal

if os.fork():
    time.sleep(0.3)
    os._exit(0)
with stop_on_signal(heed_launcher={heed}) as stop:
    print(stop.reason, flush=True)
    time.sleep(1)
    print(stop.reason, flush=True)
"""


@pytest.mark.parametrize(("heed", "said"), [(True, "the launcher ended"), (False, "None")])
def test_the_end_of_the_launcher_is_a_request_where_it_matters(heed: bool, said: str) -> None:
    program = [sys.executable, "-c", LAUNCHED.format(heed=heed)]
    done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == ["None", said]


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
