"""Is there memory enough? Said before it is asked for: a system that runs out ends the process."""

from __future__ import annotations

import os
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def available() -> float:
    """Bytes that this process can still have; inf where the system does not tell."""
    return min(_machine(), _container())


def _machine() -> float:
    try:
        for line in MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024.0 * float(line.split()[1])
    except (OSError, ValueError, IndexError):
        pass
    try:  # all that it has, where what is free is not told
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return float("inf")


def _container() -> float:
    try:
        most, used = ((CGROUP / name).read_text() for name in ("memory.max", "memory.current"))
        return float(most) - float(used)  # "max" is no number: no limit
    except (OSError, ValueError):
        return float("inf")


def require(needed: float, what: str, advice: str) -> None:
    """MemoryError, with what to do, if `needed` bytes are more than there are."""
    if needed < 2**26:  # a look at the system takes longer
        return
    left = available()
    if needed > left:
        raise MemoryError(
            f"{what} takes about {needed / 1e9:.3g} GB, and {left / 1e9:.3g} GB are available: "
            f"{advice}"
        )
