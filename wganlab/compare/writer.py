"""A file has one writer, and nothing that this package did not write is replaced unasked."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import TYPE_CHECKING, Any

from wganlab.writing import written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows: there a second writer is not noticed
    fcntl = None


@contextlib.contextmanager
def one_writer(file: Path) -> Iterator[None]:
    """Hold the file against every other process; the lock dies with this one.

    Raises
    ------
    ValueError
        If another holds it; the message says who.
    """
    if fcntl is None:
        yield
        return
    file = file.resolve()
    lock = file.with_name(f".{file.name}.lock")
    with _taken(lock, file) as stream:
        stream.truncate(0)
        began = time.strftime("%Y-%m-%d %H:%M:%S")
        stream.write(f"process {os.getpid()} on {socket.gethostname()} since {began}")
        stream.flush()
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)  # while it is held: nobody else has this one


@contextlib.contextmanager
def _taken(lock: Path, file: Path) -> Iterator[Any]:
    while True:
        with lock.open("a+", encoding="utf-8") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                stream.seek(0)
                holder = stream.read(200).strip() or "another process"
                raise ValueError(
                    f"{file} is being written by {holder}: wait until it is done, or name "
                    "another file"
                ) from None
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(stream.fileno()), lock.stat()):
                    yield stream
                    return
        # its holder took it away between our opening it and its lock: once more


def replace_text(file: Path, text: str) -> None:
    """Put a file of this package in place, whole."""
    with written(file, overwrite=True) as part:
        part.write_text(text, encoding="utf-8", newline="")
