"""Point clouds from files and names: what the command line's A and B may be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wganlab.data.images import EMBEDDED, images

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUFFIXES = (".npy", ".npz", ".csv", ".txt")


def load_points(source: str) -> tuple[NDArray[np.generic], NDArray[np.generic] | None]:
    """Points, shape (n, d) or (n,), and weights if the file has any.

    Parameters
    ----------
    source : str
        - `.npy`: an array with one point a row (images are flattened);
        - `.npz`: the array `points` with optional `weights`, or a single array of any name;
        - `.csv`, `.txt`: one point a line, columns parted by commas, semicolons or white space,
          with or without a header line;
        - an image set or one class of it, such as `mnist10k[3]`: pixels in [0, 1].

    Raises
    ------
    ValueError
        If the source cannot be read as points; the message says what was expected.
    FileNotFoundError
        If there is no such file and no image set of that name.
    """
    if re.sub(r"\[.*", "", source) in EMBEDDED:
        return images(source).points(), None
    path = Path(source)
    if path.suffix not in SUFFIXES:
        raise ValueError(
            f"{source!r} is neither a {', '.join(SUFFIXES)} file nor an image set "
            f"({', '.join(EMBEDDED)}, or one class such as mnist10k[3])"
        )
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {source!r}")
    try:
        points, weights = (
            _load_arrays(path) if path.suffix[1:3] == "np" else (_load_text(path), None)
        )
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{source}: {error}") from error
    if points.ndim > 2:
        points = points.reshape(len(points), -1)
    return points, weights


def _load_arrays(path: Path) -> tuple[NDArray[np.generic], NDArray[np.generic] | None]:
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return loaded, None
    with loaded:
        if "points" in loaded:
            return loaded["points"], loaded.get("weights")
        if len(loaded.files) == 1:
            return loaded[loaded.files[0]], None
        raise ValueError(
            f"expected an array named 'points' (and 'weights' if they are not uniform), "
            f"found {', '.join(loaded.files) or 'nothing'}"
        )


def _load_text(path: Path) -> NDArray[np.float64]:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    first = next((k for k, line in enumerate(lines) if line.split("#")[0].strip()), None)
    if first is None:
        raise ValueError("the file has no points")
    delimiter = next((mark for mark in ",;" if mark in lines[first]), None)
    cells = lines[first].split("#")[0].split(delimiter)
    if not any(map(_is_number, cells)):
        first += 1  # a header line
    if not any(line.split("#")[0].strip() for line in lines[first:]):
        raise ValueError("the file has no points")
    return np.loadtxt(lines[first:], delimiter=delimiter, ndmin=2)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
