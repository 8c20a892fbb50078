"""metrics.csv: a row an observation, under the names of its numbers.

A row that was cut off is never read as one: a last line without its end counts only where the rest
of the run says that it was whole. Names may hold anything, as commas and quotes, that UTF-8 can.
"""

from __future__ import annotations

import csv
import io
import math
import os
import warnings
from numbers import Real
from typing import TYPE_CHECKING, Any

from wganlab.learned.runs.keeping import text, whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from wganlab.learned.runs.view import Row


def read(path: Path, *, unended: bool = False) -> list[Row]:
    """All rows that are whole; with `unended` a last line that does not end is one too.

    Raises
    ------
    ValueError
        If something is no number, or the file is none of metrics.
    """
    content = text(path) if path.exists() else ""
    if not unended and not content.endswith("\n"):
        content = content[: content.rfind("\n") + 1]
    names, *lines = _lines(content, path) or [[]]
    try:
        return [
            dict(zip(names, map(float, line), strict=True))
            for line in lines
            if len(line) == len(names)
        ]
    except ValueError:
        raise ValueError(f"{path} holds something that is no number") from None


def columns(path: Path) -> list[str]:
    """The names."""
    return next(iter(_lines(text(path), path)), []) if path.exists() else []


def append(path: Path, row: Row) -> None:
    """One more row, at once; where it has other columns, those of both, nan for none."""
    known = columns(path)
    if known != list(row):
        names = [*known, *(name for name in row if name not in known)]
        rows = [{name: one.get(name, math.nan) for name in names} for one in [*read(path), row]]
        write(path, rows)
        return
    size = path.stat().st_size
    try:
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write(_written([row.values()]))
    except OSError:
        os.truncate(path, size)  # of a full disk: no half of a row
        raise


def write(path: Path, rows: list[Row]) -> None:
    """Rows of equal columns in place of all others, in one step."""
    values = [row.values() for row in rows]
    with whole(path) as part:
        part.write_bytes(_written([rows[0], *values]).encode())


def keep(path: Path, iteration: int) -> list[Row]:
    """Cut off what was written after that iteration, in one step; returns what is left.

    Raises
    ------
    ValueError
        If the file is none of metrics: nothing of it is lost.
    """
    names = columns(path)
    if names and "iteration" not in names:
        raise ValueError(
            f"{path} has no column 'iteration', so that it is none of this run's rows: move it away"
        )
    there = read(path, unended=True)
    rows = [row for row in there if row["iteration"] <= iteration]
    if not there and iteration >= 0:
        warnings.warn(f"{path} has no row: those up to {iteration:,} are lost", stacklevel=4)
    if rows:
        write(path, rows)
    else:
        path.unlink(missing_ok=True)
    return rows


def checked(told: Mapping[Any, Any], taken: Row) -> Row:
    """What an observer says, as numbers by name.

    Raises
    ------
    ValueError
        If it is something else, or takes the name of a number that each row has.
    """
    if not hasattr(told, "items"):
        raise ValueError(
            f"an observer returned {type(told).__name__}: give numbers by name, as {{'emd': 1.5}}"
        )
    row = {}
    for name, value in told.items():
        if not isinstance(name, str) or "\0" in name or not _encodable(name):
            raise ValueError(f"an observer names a number {name!r}: give text that UTF-8 can hold")
        if name in taken:
            raise ValueError(f"an observer names a number {name!r}, which each row has: rename it")
        number = value.item() if hasattr(value, "item") and _single(value) else value
        if not isinstance(number, Real):
            raise ValueError(
                f"an observer's {name!r} is of type {type(value).__name__}: give a number"
            )
        try:
            row[name] = float(number)
        except OverflowError:
            raise ValueError(f"an observer's {name!r} is beyond 1e308: give a float") from None
    return row


def _single(value: Any) -> bool:
    return math.prod(getattr(value, "shape", ())) == 1


def _encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _lines(content: str, path: Path) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(content, newline="")))
    except csv.Error as error:
        raise ValueError(f"{path} cannot be read: {error}") from None


def _written(lines: Any) -> str:
    """Names as they are, numbers to the bit."""
    with io.StringIO(newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for line in lines:
            writer.writerow([cell if isinstance(cell, str) else repr(float(cell)) for cell in line])
        return file.getvalue()
