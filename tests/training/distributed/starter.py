"""Starts ``dna-mamba`` as several processes, as torchrun does but within a moment: torch is imported once, then forked.

A program: a request a line on standard input, an answer a line on standard output, both JSON.
"""

import faulthandler
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

import matplotlib.figure  # noqa: F401 - with the next, so that no child needs to
import torch._dynamo
from torch._C._distributed_c10d import TCPStore

import dna_mamba.cli.pretrain  # noqa: F401
from dna_mamba.cli.main import main
from tests.training.distributed.faults import FAULTS

# seconds for a table of words that says nothing about processes
patch("dna_mamba.training.pretrain.job.log_baselines", lambda *_: None).start()
_NOTICE = 0.5
"""Seconds between a failure and the request to end; torchrun looks ten times a second."""
_GRACE = 5.0
"""Seconds between the request to end and the kill, once a process has failed; torchrun takes 30."""


class Meeting:
    """The store in which processes meet, served by a process of its own.

    A store is served by threads, and a process that has threads must not fork: a lock that one of them holds at that
    moment is never opened in the child.
    """

    def __init__(self) -> None:
        reader, writer = os.pipe()
        self._pid = os.fork() or self._serve(writer)
        os.close(writer)
        with os.fdopen(reader) as answer:
            self.port = int(answer.readline())

    def _serve(self, writer: int) -> NoReturn:
        store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
        os.write(writer, f"{store.port}\n".encode())
        while True:
            signal.pause()

    def close(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


class Group:
    """Processes that were started together, and the store in which they meet."""

    def __init__(self, size: int, words: list[str], errors: Path, fault: dict[str, Any] | None) -> None:
        self._errors = errors
        errors.write_bytes(b"")
        self._meeting = Meeting()
        self.running = {}
        for rank in range(size):
            self.running[os.fork() or self._child(rank, size, words, fault)] = rank
        self.codes: list[int | None] = [None] * size

    def _child(self, rank: int, size: int, words: list[str], fault: dict[str, Any] | None) -> NoReturn:
        place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size}
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": self._meeting.port, "TORCHELASTIC_USE_AGENT_STORE": True}
        os.environ.update({name: str(value) for name, value in (place | meeting).items()})
        descriptor = os.open(self._errors, os.O_WRONLY | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(descriptor, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        faulthandler.enable(sys.__stderr__)
        torch.set_num_threads(1)
        sys.argv = ["dna-mamba", *words]
        code = 1
        try:
            if fault is not None and rank in fault["ranks"]:
                FAULTS[fault["name"]](fault["step"])
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            sys.stderr.flush()
            os._exit(code)

    def wait(self, seconds: float) -> dict[str, Any]:
        """Until all have ended; when one fails the others are asked to, as torchrun does.

        Those that are late say where they are before they end.
        """
        limit, late = time.monotonic() + seconds, False
        failed: float | None = None
        asked: float | None = None
        while self.running:
            self._reap()
            now = time.monotonic()
            if failed is None and any(self.codes):
                failed = now
            if asked is None and failed is not None and now > failed + _NOTICE:
                asked = now
                self._signal(signal.SIGTERM)
            if now > limit:
                self._signal(signal.SIGKILL if late and now > limit + _GRACE else signal.SIGABRT)
                late = True
            elif asked is not None and now > asked + _GRACE:
                self._signal(signal.SIGKILL)
            time.sleep(0.01)
        self._meeting.close()
        return {"codes": self.codes, "late": late, "stderr": self._errors.read_text()}

    def _reap(self) -> None:
        for pid in list(self.running):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                self.codes[self.running.pop(pid)] = os.waitstatus_to_exitcode(status)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self.running:
            os.kill(pid, number)


def serve() -> None:
    group = None
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            assert group is not None
            answer: Any = group.wait(request["wait"])
        else:
            group = Group(request["size"], request["words"], Path(request["errors"]), request["fault"])
            answer = sorted(group.running, key=group.running.__getitem__)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()
