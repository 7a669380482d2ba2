"""Named errors. Each message is one line: what is wrong, where, and what to do; each class knows its exit code.

Exit codes (the command line maps them one to one): 1 our bug, 2 arguments or input, 3 the machine or non-finite
training, 75 preempted after a checkpoint.
"""

from pathlib import Path


class DnaMambaError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        what: what is wrong, naming the value.
        place: file, record, line or offset where it is wrong.
        remedy: what the reader can do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, place: str | Path | None = None, remedy: str | None = None) -> None:
        self.what, self.place, self.remedy = what, place, remedy
        message = f"{place}: {what}" if place is not None else what
        super().__init__(f"{message}; {remedy}" if remedy else message)


class InputError(DnaMambaError):
    """Arguments or input files that cannot be used as they are."""

    exit_code = 2


class MachineError(DnaMambaError):
    """Disk, memory or device that does not suffice."""

    exit_code = 3


class NonFiniteLossError(DnaMambaError):
    """Training produced NaN or infinity; the weights on disk are those before the step."""

    exit_code = 3


class PreemptedError(DnaMambaError):
    """Stopped by a signal after a checkpoint was written; the same command with ``--resume`` resumes it."""

    exit_code = 75
