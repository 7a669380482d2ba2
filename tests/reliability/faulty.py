"""Runs of ``dna-mamba`` to each of which something happens at a change of the disk that was chosen beforehand.

A program: a request a line on standard input, an answer a line on standard output, both JSON. It imports once what the
runs need; each run is a child of it, forked before any number is computed.
"""

import errno
import importlib.util
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import torch

from dna_mamba.cli.main import main

_IMPORTED = ("dna_mamba.training.finetune.annotation.job", "sklearn.svm", "matplotlib.backends.backend_agg", "peft")
_CHANGES = ("replace", "rename", "mkdir", "unlink", "rmdir")


class Disk:
    """Counts changes of names on the disk; before one of them, the ``nth`` of those that name ``text``, acts."""

    def __init__(self, fault: dict[str, Any] | None) -> None:
        self.changes: list[str] = []
        self._fault, self._left = fault, 0 if fault is None else fault["nth"]
        for name in _CHANGES:
            setattr(os, name, self._watched(name, getattr(os, name)))

    def _watched(self, name: str, change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(path: Any, *more: Any, **options: Any) -> Any:
            told = " ".join([name, *(os.fspath(item) for item in (path, *more) if isinstance(item, str | Path))])
            self.changes.append(told)
            if self._fault is not None and self._fault["text"] in told:
                self._left -= 1
                if self._left == 0:
                    self._act(self._fault["what"])
            return change(path, *more, **options)

        return changed

    @staticmethod
    def _act(what: str) -> None:
        if what == "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.kill(os.getpid(), {"kill": signal.SIGKILL, "stop": signal.SIGTERM}[what])


def _child(request: dict[str, Any]) -> NoReturn:
    for stream, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    torch.set_num_threads(1)
    os.chdir(request["directory"])
    sys.argv = ["dna-mamba", *request["words"]]
    disk = Disk(request["fault"])
    code = 1
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        Path(request["changes"]).write_text("\n".join(disk.changes))
        os._exit(code)


def serve() -> None:
    """Answer requests until there are no more."""
    for name in _IMPORTED:
        if importlib.util.find_spec(name.partition(".")[0]):
            importlib.import_module(name)
    for line in sys.stdin:
        pid = os.fork() or _child(json.loads(line))
        _, status = os.waitpid(pid, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


if __name__ == "__main__":
    serve()
