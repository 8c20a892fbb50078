"""One writer at a time: a lock on a file, which dies with the process that holds it.

    with alone(folder / ".writer", "the run in runs/a", "wait for it, or stop it"):
        ...  # nobody else, who asks in the same way, writes meanwhile

The file says who holds the lock, by process, host and time; the lock itself is the operating
system's (flock), so that a process that was killed holds nothing, whatever its file says. Locks of
several hosts on one network file system hold as far as that file system has them (NFS does where
its lock service runs); where it has none there is a warning and no lock. Windows has none here.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import warnings
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

TAKEN = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}


class TakenError(RuntimeError):
    """Another process writes there; the message says which, and how to go on."""


@contextlib.contextmanager
def alone(file: Path, what: str, way_out: str) -> Iterator[None]:
    """Be the only one to write.

    Parameters
    ----------
    file : Path
        Of the lock, in a folder that exists; gone afterwards.
    what : str
        That is written, for the message.
    way_out : str
        What to do where it is taken, for the message.

    Raises
    ------
    TakenError
        If another process, or this one, writes it at the moment.
    """
    if fcntl is None:
        yield
        return
    lock = _taken(file, what, way_out)
    try:
        yield
    finally:
        if lock is not None:
            with contextlib.suppress(OSError):
                file.unlink()  # while it is held: who opens it from now on makes another
            os.close(lock)


def holder(file: Path) -> str:
    """`process 12 on HOST since 2026-01-31 12:00`, as the file of a lock says.

    Examples
    --------
    >>> holder(Path("nowhere"))
    'another process'
    """
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return f"process {int(told['pid'])} on {told['host']!s} since {told['since']!s}"
    except (OSError, ValueError, TypeError, LookupError):
        return "another process"


def _taken(file: Path, what: str, way_out: str) -> int | None:
    """The lock's file, open and locked; None where the file system has no locks."""
    while True:
        lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            if error.errno in TAKEN:
                raise TakenError(f"{holder(file)} writes {what}: {way_out}") from None
            warnings.warn(f"{what}: no lock against a second writer ({error})", stacklevel=4)
            return None
        if _same(lock, file):
            break
        os.close(lock)  # whoever held it has deleted it meanwhile
    now = datetime.now().isoformat(" ", "minutes")
    told = {"pid": os.getpid(), "host": platform.node(), "since": now}
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps(told).encode(), 0)
    return lock


def _same(lock: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), file.stat())
    except FileNotFoundError:
        return False
