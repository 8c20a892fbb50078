"""Folders of images: `folder:PATH`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wganlab.data import cache
from wganlab.data.imageset import SIZE

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".avif", ".jp2"),
)

Listing = list[tuple[str, int, int, int]]  # path in the folder, bytes, time in ns, mode


def load(path: Path, size: int | None, color: str, progress: bool | None) -> cache.Entry:
    """The images of a folder and its subfolders, in the order of their paths, from the cache.

    Raises
    ------
    ValueError
        If it holds no images, or none that can be read.
    """
    listing = images_in(path)
    if not listing:
        raise ValueError(
            f"there are no images in {path}: expected {', '.join(SUFFIXES)} files in it or "
            "in subfolders, whose names are the classes"
        )
    size = SIZE if size is None else size
    key = cache.key("folder", str(path.absolute()), size, color, listing)
    entry = cache.find(key)
    if entry is not None:
        return entry
    names = [name for name, *_ in listing]
    labels, label_names = _classes(names, path)

    def read(start: int, stop: int) -> list[str]:
        return [os.path.join(path, name) for name in names[start:stop]]

    source = cache.Source(read, names.__getitem__, labels, label_names)
    return cache.build(key, source, size, color, limit=SIZE, progress=progress)


def images_in(path: Path) -> Listing:
    """Every image file, by the suffix of its name; what begins with a dot is left out."""
    return sorted(row for row in files_in(path) if row[0].lower().endswith(SUFFIXES))


def files_in(path: Path) -> Iterator[tuple[str, int, int, int]]:
    """Every regular file of a folder and its subfolders, links followed, each folder once.

    Pipes, sockets and devices are left out: whoever opens them may wait for ever.
    """
    seen = set()
    for parent, folders, names in os.walk(path, followlinks=True):
        status = os.stat(parent)
        if (status.st_dev, status.st_ino) in seen:  # a link back up
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = os.path.relpath(parent, path).replace(os.sep, "/")
        start = "" if inside == "." else f"{inside}/"
        for name in names:
            if name.startswith("."):
                continue
            try:
                status = os.stat(os.path.join(parent, name))
            except OSError:  # a link to nowhere
                continue
            if not stat.S_ISREG(status.st_mode):
                continue
            yield f"{start}{name}", status.st_size, status.st_mtime_ns, status.st_mode


def _classes(names: list[str], path: Path) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels and names: subfolders, and "." for what lies beside them; one class without any."""
    tops = [name.split("/", 1)[0] if "/" in name else "." for name in names]
    if set(tops) == {"."}:
        tops = [path.absolute().name or "all"] * len(names)
    label_names, labels = np.unique(tops, return_inverse=True)
    return labels.astype(np.int64), tuple(map(str, label_names))
