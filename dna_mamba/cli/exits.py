"""From an exception to one line on stderr and an exit code: the only place where that is decided."""

import contextlib
import errno
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import NamedTuple

import click

from dna_mamba.errors import DnaMambaError

BUG, INPUT, MACHINE, SIGNAL = 1, 2, 3, 128
_MACHINE_ERRNOS = {
    errno.ENOSPC: "free some space or write elsewhere",
    errno.EDQUOT: "free some space or write elsewhere",
    errno.ENOMEM: "use a smaller --batch-size or a machine with more memory",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.EIO: "the disk or the network drive failed; try another",
}
_INPUT_ERRORS = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, FileExistsError)
_MEMORY_WORDS = ("out of memory", "not enough memory", "can't allocate memory", "bad_alloc")


@dataclass
class Session:
    """What one invocation was told that its error report needs."""

    debug: bool = False


class Failure(NamedTuple):
    """How an invocation ended: the exit code, and the line to show unless it is empty."""

    exit_code: int
    line: str


class TerminatedError(KeyboardInterrupt):
    """A signal asked the process to end; like Ctrl-C it passes through handlers of ordinary exceptions."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


def _remember_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Session).debug = True


debug_option = click.Option(
    ["--debug"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_remember_debug,
    help="Show the traceback of an error.",
)
"""On every command and on the group, so that it may stand anywhere in the line."""


def run_and_report(run: Callable[[], None], program: str, session: Session) -> int:
    """Call ``run``; return its exit code after reporting on stderr what went wrong, if anything did."""
    if sys.stderr is None:  # closed by the caller: print() would fall back to stdout, which is for data
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    _let_any_name_pass()
    try:
        with _signals_as_exceptions():
            run()
            sys.stdout.flush()
        return 0
    except click.exceptions.Exit as end:
        return _flushed(end.exit_code)
    except Exception as error:
        return _report(error, program, session)
    except KeyboardInterrupt as error:
        return _report(error, program, session)


def _let_any_name_pass() -> None:
    """Names of files are bytes: one that is not UTF-8 leaves on stdout as it came, and is spelled out on stderr."""
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


def describe(error: BaseException) -> Failure:
    """The exit code and the line for an exception."""
    if isinstance(error, DnaMambaError):
        return Failure(error.exit_code, _one_line(error))
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return Failure(INPUT, error.format_message())
    if isinstance(error, click.ClickException):
        return Failure(INPUT, _usage_line(error))
    if isinstance(error, TerminatedError):
        return Failure(SIGNAL + error.signum, f"stopped by {signal.Signals(error.signum).name}")
    if isinstance(error, KeyboardInterrupt):
        return Failure(SIGNAL + signal.SIGINT, "interrupted")
    if isinstance(error, BrokenPipeError):  # the reader, as `head` does, has seen enough
        return Failure(SIGNAL + signal.SIGPIPE, "")
    if _is_out_of_memory(error):
        remedy = "use a smaller --batch-size or a machine with more memory"
        return Failure(MACHINE, f"out of memory ({_one_line(error) or type(error).__name__}); {remedy}")
    if isinstance(error, OSError) and error.errno in _MACHINE_ERRNOS:
        return Failure(MACHINE, f"{_os_line(error)}; {_MACHINE_ERRNOS[error.errno]}")
    if isinstance(error, _INPUT_ERRORS):
        return Failure(INPUT, f"{_os_line(error)}; check the path and its permissions")
    what = f"{type(error).__name__}: {_one_line(error)}"
    return Failure(BUG, f"this is a bug: {what}; please report it with the traceback that --debug shows")


def _report(error: BaseException, program: str, session: Session) -> int:
    failure = describe(error)
    with contextlib.suppress(OSError):
        if session.debug:
            traceback.print_exception(error)
        if failure.line:
            print(_signed(failure.line, program), file=sys.stderr, flush=True)
    return _flushed(failure.exit_code)


def _signed(line: str, program: str) -> str:
    return line if "\n" in line else f"{program}: {line}"  # the help that a bare command shows stands for itself


def _flushed(exit_code: int) -> int:
    """Flush stdout, and drop what cannot be written: the interpreter would complain about it while it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exit_code


@contextlib.contextmanager
def _signals_as_exceptions() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack, so that half-written files are removed; an ignored one stays so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def raise_terminated(signum: int, _: FrameType | None) -> None:
        raise TerminatedError(signum)

    heeded = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) == signal.SIG_DFL]
    for signum in heeded:
        signal.signal(signum, raise_terminated)
    try:
        yield
    finally:
        for signum in heeded:
            if signal.getsignal(signum) is raise_terminated:  # a command on its way out may heed none any more
                signal.signal(signum, signal.SIG_DFL)


def _usage_line(error: click.ClickException) -> str:
    message = _one_line(error.format_message())
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    if ctx is None:
        return message
    return f"{message}{'' if message.endswith(('.', '?', ')')) else '.'} See: {ctx.command_path} --help"


def _is_out_of_memory(error: BaseException) -> bool:
    """Torch raises RuntimeError on the CPU and its own OutOfMemoryError on devices; torch is not imported to ask."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _MEMORY_WORDS)


def _os_line(error: OSError) -> str:
    what = error.strerror or _one_line(error)
    return f"{error.filename}: {what}" if error.filename is not None else what


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
