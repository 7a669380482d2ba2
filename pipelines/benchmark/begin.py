"""A command that stands back behind others and ends with its parent: ``python begin.py NICE PARENT COMMAND ...``.

``NICE`` is from 0 to 19, ``PARENT`` the parent's process number. Where that process dies, the kernel sends SIGTERM
(Linux alone).
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become the command; never returns."""
    nice, parent, *command = arguments
    os.nice(max(0, int(nice) - os.nice(0)))  # it may stand back already
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent):  # it died before the kernel was asked
            os.kill(os.getpid(), signal.SIGTERM)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
