"""What this machine is, and what it still has to give to this process."""

import os
import platform
import resource
import sys
from pathlib import Path

_CGROUP_LIMITS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
"""Control groups, versions 2 and 1: how containers and job schedulers bound memory."""


def available_memory() -> int | None:
    """Bytes this process can still take: the least of what is free, its control group and RLIMIT_AS leave.

    None where the system tells none of them.
    """
    candidates = (_free(), *(_cgroup(Path(limit), Path(used)) for limit, used in _CGROUP_LIMITS), _address_space())
    known = [candidate for candidate in candidates if candidate is not None]
    return max(0, min(known)) if known else None


def processor_name() -> str:
    """The processor: its marketing name where Linux states it, else what ``platform`` knows."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _free() -> int | None:
    """MemAvailable on Linux; elsewhere all memory there is."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def _cgroup(limit: Path, used: Path) -> int | None:
    try:
        return int(limit.read_text()) - int(used.read_text())
    except (OSError, ValueError):  # no such group, or "max"
        return None


def _address_space() -> int | None:
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY:
        return None
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return soft
    return soft - pages * os.sysconf("SC_PAGE_SIZE")
