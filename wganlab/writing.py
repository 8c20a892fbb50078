"""How a file is written: whole or not at all, and never over what is somebody else's.

    check(path, option="--out", suffixes=(".npy",), overwrite=..., inputs=[...])   # before the work
    with written(path, option="--out", overwrite=..., inputs=[...]) as part:       # after it
        np.save(part, points)

`part` is a name of its own in the same folder, with the suffix of `path`. When the block ends it is
put in place; when the block fails it is deleted, and whatever was at `path` is as before. What is
there already is refused unless `overwrite` is set, also where it came there in the meantime; one of
`inputs` is refused even then. A file that this package owns, such as a picture in the folder of a
run, is written with `overwrite=True`. What several may write at once they write `in_turn`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}


def why(error: OSError) -> str:
    """What went wrong with a file, and for a full disk what to do.

    Examples
    --------
    >>> why(OSError(errno.ENOSPC, "No space left on device"))
    'No space left on device: free some room, or write to another disk'
    """
    told = error.strerror or str(error) or type(error).__name__
    return f"{told}: free some room, or write to another disk" if error.errno in FULL else told


def check(
    path: Path,
    *,
    option: str = "",
    suffixes: tuple[str, ...] = (),
    overwrite: bool = False,
    inputs: Iterable[str | Path] = (),
) -> None:
    """Refuse, before any work, a place that `written` would refuse after it.

    Parameters
    ----------
    path : Path
        Where the file is to be.
    option : str
        By which it was given, for the messages.
    suffixes : tuple of str
        Of which it must have one; none for any.
    overwrite : bool
        May a file there be replaced?
    inputs : iterable of str or Path
        What is read: these are never replaced, nor what lies in them where they are folders.

    Raises
    ------
    ValueError
        If a file cannot, or may not, be written there; the message is one line.
    """
    told = f"{option} {path}".strip()
    if suffixes and path.suffix not in suffixes:
        one = f"a {suffixes[0]} file" if len(suffixes) == 1 else f"one of {', '.join(suffixes)}"
        raise ValueError(f"{told}: expected {one}")
    _refuse(path, told, overwrite, inputs)
    with _explained(told):
        part = _part(path)
        part.unlink()


@contextlib.contextmanager
def written(
    path: Path,
    *,
    option: str = "",
    overwrite: bool = False,
    inputs: Iterable[str | Path] = (),
) -> Iterator[Path]:
    """A name to write to, which is put in place at the end; the parameters are those of `check`.

    Raises
    ------
    ValueError
        If the file cannot, or may not, be written there; errors of the block that are no OSError
        pass as they are.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Path(folder, "a.txt")
    ...     with written(place) as part:
    ...         _ = part.write_text("whole")
    ...     place.read_text()
    'whole'
    """
    told = f"{option} {path}".strip()
    _refuse(path, told, overwrite, inputs)
    with _explained(told):
        part = _part(path)
        try:
            yield part
            _put(part, path.resolve(), overwrite, told)
        finally:
            with contextlib.suppress(OSError):
                part.unlink()


@contextlib.contextmanager
def in_turn(path: Path, waiting: str) -> Iterator[None]:
    """One process or thread at a time, by a lock file that is gone with the last of them.

    Parameters
    ----------
    path : Path
        The lock file. The system frees it when its holder dies. Where there are no such locks, as
        on Windows and some shared disks, nobody waits: what is written must bear that.
    waiting : str
        A warning for whoever has to wait.
    """
    try:
        import fcntl
    except ModuleNotFoundError:
        yield
        return
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            warnings.warn(waiting, stacklevel=3)
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            pass
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """Put a file that this package owns in place, whole; UTF-8."""
    with written(path, overwrite=True) as part:
        part.write_text(text, encoding="utf-8", newline="")


def refuse_inputs(path: Path, told: str, inputs: Iterable[str | Path]) -> None:
    """ValueError if the file is one of the inputs, by any of its names."""
    if any(_holds(Path(source), path) for source in inputs):
        raise ValueError(f"{told} is one of the inputs: give another name")


def _refuse(path: Path, told: str, overwrite: bool, inputs: Iterable[str | Path]) -> None:
    with _explained(told):
        try:
            there = path.stat()
        except FileNotFoundError:
            return
    if stat.S_ISDIR(there.st_mode):
        raise ValueError(f"{told} is a folder: name a file")
    if not stat.S_ISREG(there.st_mode):
        raise ValueError(f"{told} is no regular file: give another name")
    refuse_inputs(path, told, inputs)
    if not overwrite:
        raise ValueError(f"{told} exists: give another name, or --overwrite")


def _holds(source: Path, path: Path) -> bool:
    """Is the file the source, by any of its names, or inside of it?"""
    try:
        return source.samefile(path) or source.resolve() in path.resolve().parents
    except (OSError, ValueError):  # the source is no path
        return False


def _part(path: Path) -> Path:
    """A new empty file beside `path`, in whose folder nobody else has that name."""
    place = path.resolve()
    part = place.with_name(f".{secrets.token_hex(6)}.part{place.suffix[:32]}")
    part.open("xb").close()
    return part


def _put(part: Path, place: Path, overwrite: bool, told: str) -> None:
    """Rename into place; without `overwrite` nothing that has come there is replaced."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    if not overwrite:
        with contextlib.suppress(NotImplementedError, OSError):  # a file system without links
            os.link(part, place)  # a rename would replace
            return
        if place.exists():
            raise ValueError(f"{told} exists by now: give another name, or --overwrite")
    part.replace(place)


@contextlib.contextmanager
def _explained(told: str) -> Iterator[None]:
    """Errors of the system speak of the file that was asked for."""
    try:
        yield
    except OSError as error:
        raise ValueError(f"{told} cannot be written: {why(error)}") from error
