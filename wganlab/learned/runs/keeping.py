"""How what a run keeps is read and written: regular files, whole or not at all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from wganlab.writing import why, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class NotKeptError(OSError):
    """Something of a run could not be written; what was kept before stays as it is."""


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name beside `path`, put in its place at the end; for what a run owns.

    Raises
    ------
    NotKeptError
        If it cannot be written: what is there stays.
    """
    with kept(path), written(path, overwrite=True) as part:
        yield part


@contextmanager
def kept(path: Path) -> Iterator[None]:
    """What the system says of a file becomes a `NotKeptError`."""
    try:
        yield
    except OSError as error:
        raise NotKeptError(f"{path} cannot be written: {why(error)}") from error
    except ValueError as error:  # of `written`
        if isinstance(error.__cause__, OSError):
            raise NotKeptError(str(error)) from error.__cause__
        raise


def text(path: Path) -> str:
    """What is in a file, of UTF-8.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is no regular file, as a pipe that nobody writes to, or no text.
    """
    regular(path)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no UTF-8 text") from None


def regular(path: Path) -> None:
    """Refuse what is no regular file, and what is not there."""
    path.stat()
    if not path.is_file():
        raise ValueError(f"{path} is no regular file")
