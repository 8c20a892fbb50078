"""Point clouds from files and names: what the command line's A and B may be."""

from __future__ import annotations

import csv
import re
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wganlab.data import npy
from wganlab.data.image_sources import EMBEDDED, SOURCES, images, is_image_source

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Lines = list[tuple[int, str]]  # the file's own line numbers, from 1, and the lines

LARGEST_BYTES = 8e9
SUFFIXES = (".npy", ".npz", ".csv", ".txt", ".tsv")
MISSING = {"", "-", "na", "n/a", "nan", "null", "none"}


@dataclass(frozen=True, eq=False)
class Points:
    """What a source holds, and what a reader of its distances should know about it."""

    points: NDArray[np.generic]
    """Shape (n, d) or (n,)."""
    weights: NDArray[np.generic] | None = None
    """Shape (n,), if the source has any."""
    notes: tuple[str, ...] = ()
    """How a doubtful file was read, a sentence each."""


def load_points(source: str) -> Points:
    """Points, and weights if the file has any.

    Parameters
    ----------
    source : str
        - `.npy`: an array with one point a row (images are flattened);
        - `.npz`: the array `points` with optional `weights`, or a single array of another name;
        - `.csv`, `.txt`, `.tsv`: one point a line, columns parted by commas, semicolons or white
          space, with or without a header line; numbers may be quoted, all lines may end in a
          delimiter, `#` starts a comment;
        - an image set that `images` takes, or one class of it, such as `mnist10k[3]` or
          `folder:PATH`: pixels in [0, 1].

    Raises
    ------
    ValueError
        If the source cannot be read as points; the message says what was expected.
    FileNotFoundError
        If there is no such file and no image set of that name.
    """
    if is_image_source(source):
        return Points(_pixels(source))
    path = Path(source)
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"{source!r} is neither a {', '.join(SUFFIXES)} file nor an image set "
            f"({', '.join((*EMBEDDED, *SOURCES))}, or one class such as mnist10k[3])"
        )
    if path.is_dir():
        raise ValueError(f"{source} is a directory: name one file in it")
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {source!r}")
    try:
        loaded = _load_arrays(path) if path.suffix[1:3].lower() == "np" else _load_text(path)
    except (ValueError, OSError) as error:
        raise ValueError(f"{source}: {error}") from error
    points = loaded.points
    if points.ndim > 2:
        points = points.reshape(len(points), -1)
    return Points(points, loaded.weights, tuple(f"{source}: {note}" for note in loaded.notes))


def _pixels(source: str) -> NDArray[np.float64]:
    """All images as points, if memory can hold them."""
    chosen = images(source)
    needed = 8 * chosen.images.size
    if needed > LARGEST_BYTES:
        raise ValueError(
            f"{source} has {len(chosen):,} images, which would take {needed / 1e9:.0f} GB as "
            "points: choose one class, as in folder:PATH[CLASS], or use a smaller set"
        )
    return chosen.points()


def _load_arrays(path: Path) -> Points:
    arrays = npy.load(path, _wanted)
    weights = arrays.pop("weights", None)
    return Points(next(iter(arrays.values())), weights)


def _wanted(names: list[str]) -> list[str]:
    """Which arrays of an archive are points and weights."""
    if "points" in names:
        return [name for name in ("points", "weights") if name in names]
    if len(names) == 1 and names != ["weights"]:
        return names
    raise ValueError(
        f"expected an array named 'points' (and 'weights' if they are not uniform), "
        f"found {', '.join(names) or 'nothing'}"
    )


def _load_text(path: Path) -> Points:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # UTF-16 is full of them
        raise ValueError("this is not UTF-8 text: save it as UTF-8")
    numbered = ((number, line.split("#")[0]) for number, line in enumerate(text.split("\n"), 1))
    lines = [(number, line) for number, line in numbered if line.strip()]
    if not lines:
        raise ValueError("the file has no points")
    marks = "\t;," if path.suffix.lower() == ".tsv" else ";,"
    delimiter = next((mark for mark in marks if mark in lines[0][1]), None)
    header, notes = _header(lines, delimiter)
    points = _numbers(lines[1:] if header else lines, delimiter, header or [])
    names = header[:-1] if header and not header[-1] else header
    if names and len(names) != points.shape[1]:
        notes.append(
            f"its header names {len(names)} columns, its lines have {points.shape[1]}, and all of "
            "these count as coordinates"
        )
    return Points(points, notes=tuple(notes))


def _header(lines: Lines, delimiter: str | None) -> tuple[list[str] | None, list[str]]:
    """The cells of the header, None if the first line is a point; and notes about that line."""
    cells = _cells(lines[0][1], delimiter)
    unnamed = len(cells) > 1 and not cells[0] and any(cells)
    names = cells[1:] if unnamed else cells
    counted = names == [str(k) for k in range(len(names))]  # pandas names columns so
    words = not any(map(_is_numeric, names)) and not {name.lower() for name in names} <= MISSING
    if unnamed and (words or counted):
        return cells, [
            "its first column has no name and counts as a coordinate: if it is an index, write "
            "the file without it (in pandas: index=False)"
        ]
    if not counted:
        return (cells if words else None), []
    shown = (delimiter or " ").join(cells)
    others = [_cells(line, delimiter) for _, line in lines[1:]]
    if others and all(any(map(_is_fraction, row)) for row in others):
        return cells, [
            f"its first line, {shown}, was taken for a header: every other line has a number not "
            "written as an integer"
        ]
    doubt = f"its first line, {shown}, counts as a point: if it is a header, remove it"
    return None, [doubt] if len(cells) > 1 else []


def _numbers(lines: Lines, delimiter: str | None, header: list[str]) -> NDArray[np.float64]:
    """The points, shape (n, d), of lines under a header (empty: there is none)."""
    if not lines:
        raise ValueError("the file has no points")
    first, line = lines[0]
    cells = _cells(line, delimiter)
    width = len(cells)
    # an empty last cell is a delimiter too many, unless the header has a name for it
    trailing = width > 1 and not cells[-1] and not (len(header) == width and header[-1])
    values = array("d")
    for number, line in lines:
        cells = _cells(line, delimiter)
        if len(cells) != width:
            raise ValueError(
                f"the number of columns changes from {width} on line {first} to {len(cells)} on "
                f"line {number}: it must be the same on all"
            )
        if trailing and cells.pop():
            raise ValueError(f"the last cell is empty on line {first}, but not on line {number}")
        try:
            values.extend(map(float, cells))
        except ValueError:
            raise ValueError(f"line {number}, {_complaint(cells)}") from None
    return np.frombuffer(values).reshape(len(lines), -1)


def _cells(line: str, delimiter: str | None) -> list[str]:
    """The cells of one line, without quotes and white space around them."""
    if '"' not in line:
        return [cell.strip() for cell in line.split(delimiter)]
    if not delimiter:
        line = " ".join(line.split())
    row = next(csv.reader([line.strip(" ")], delimiter=delimiter or " ", skipinitialspace=True))
    cells = [cell.strip() for cell in row]
    return cells if delimiter else [cell for cell in cells if cell]


def _complaint(cells: list[str]) -> str:
    """What is wrong with the first cell that is no number."""
    column, cell = next((k, cell) for k, cell in enumerate(cells, 1) if not _is_number(cell))
    if not cell:
        return f"column {column}: could not convert an empty cell: fill it or remove the line"
    if cell.lower() in MISSING:
        return f"column {column}: {cell!r} is a missing value: fill it or remove the line"
    if _is_numeric(cell):
        return f"column {column}: {cell!r} has a decimal comma: write {cell.replace(',', '.')}"
    return f"column {column}: could not convert string {cell!r} to a number"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_fraction(text: str) -> bool:
    return _is_number(text) and re.search(r"\d[.eE]|\.\d", text) is not None


def _is_numeric(text: str) -> bool:
    """Is it a number, be it with a decimal comma?"""
    return _is_number(text) or re.fullmatch(r"[-+]?\d*,\d+", text) is not None
