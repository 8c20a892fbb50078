"""The bytes of what is named as a file: a regular one, packed by gzip or not, or standard input."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from pathlib import Path
from typing import BinaryIO

LARGEST_BYTES = 4 * 2**30  # of a packed file when it is unpacked, and of standard input
STDIN = "-"
GZIP = b"\x1f\x8b"  # how such a file begins, whatever it is called


def regular(path: Path) -> Path:
    """The path, if a regular file is there: of a pipe or a device one might wait for ever.

    Raises
    ------
    ValueError
        If it is a folder, a pipe, a socket or a device.
    FileNotFoundError
        If nothing is there.
    """
    try:
        if path.is_file():
            return path
        there = path.exists()
    except (OSError, ValueError) as error:  # too long, or with a NUL in it
        raise ValueError(f"{str(path)[:80]!r} is no name of a file: {error}") from None
    if path.is_dir():
        raise ValueError(f"{path} is a directory: name one file in it")
    if there:
        raise ValueError(
            f"{path} is no regular file, but a pipe, a socket or a device: give a file, or '-' for "
            "standard input"
        )
    raise FileNotFoundError(f"there is no file {str(path)!r}")


def content(path: Path) -> bytes:
    """All bytes of a regular file, unpacked."""
    if path.suffix.lower() != ".gz":
        with path.open("rb") as file:
            if file.read(2) != GZIP:
                return path.read_bytes()
    try:
        with gzip.open(path) as file:
            return _limited(file, "unpacked")  # type: ignore[arg-type]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"the file is damaged or cut off ({error}): write it again") from error


def standard_input() -> bytes:
    """All bytes of standard input, unpacked."""
    if sys.stdin is None:
        raise ValueError("there is no standard input: give a file")
    raw = _limited(sys.stdin.buffer, "in standard input")
    if not raw.startswith(GZIP):
        return raw
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
            return _limited(file, "unpacked")  # type: ignore[arg-type]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"standard input is damaged or cut off ({error})") from error


def _limited(file: BinaryIO, where: str) -> bytes:
    raw = file.read(LARGEST_BYTES + 1)
    if len(raw) > LARGEST_BYTES:
        raise ValueError(
            f"there are more than {LARGEST_BYTES / 2**30:.0f} GB {where}: give fewer points, or a "
            ".npy file"
        )
    return raw
