"""Arrays of images: `npz:PATH`, a .npz file with `images` (and `labels`), or a .npy file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wganlab.data import npy, pixels
from wganlab.data.imageset import ImageSet
from wganlab.data.levels import darkness, levels, range_of

NAMES = ("images", "labels", "label_names")
LOOKED = 1024  # images at once


def load(path: Path, name: str, size: int | None, color: str) -> tuple[ImageSet, list[str]]:
    """The images of a file, read as a whole; those of a .npy file that need no change are mapped.

    Numbers that are no bytes become bytes as `levels` has it, and a note says how.

    Raises
    ------
    ValueError
        If the array is not of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3), or holds no finite
        numbers, or the labels do not belong to it; the message says how to convert it.
    """
    arrays = npy.load(path, _wanted)
    found = arrays["images"] if "images" in arrays else next(iter(arrays.values()))
    if "" in arrays:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    images, notes = _bytes(_checked(found))
    labels, label_names = _labels(arrays, len(images), path.stem)
    if size is not None:
        images = pixels.resized(images, size)
    images = pixels.recolored(images, color)
    if not images.flags.c_contiguous:
        images = np.ascontiguousarray(images)
    images.flags.writeable = False
    return ImageSet(name, images, labels, label_names, ""), notes


def _wanted(names: list[str]) -> list[str]:
    if "images" in names:
        return [name for name in NAMES if name in names]
    if len(names) == 1 and names[0] not in NAMES:
        return names
    raise ValueError(
        "expected an array named 'images' (and 'labels', 'label_names' if there are classes), "
        f"found {', '.join(names) or 'nothing'}"
    )


def _bytes(images: NDArray[Any]) -> tuple[NDArray[np.uint8], list[str]]:
    """As uint8, and how."""
    if images.dtype == np.uint8:
        mapped = isinstance(images, np.memmap) and len(images) > LOOKED  # perhaps beyond memory
        return images, [] if mapped else darkness(int(images.max()))
    if images.dtype == bool:
        return images * np.uint8(255), []
    found = range_of(images)
    if found is None:
        raise ValueError(
            f"the images are {images.dtype}, or not finite: expected numbers, as uint8 from 0 to "
            "255 or floats in [0, 1] or [-1, 1]"
        )
    taken = levels([found])[found.kind]
    squares = np.empty(images.shape, np.uint8)
    for start in range(0, len(images), LOOKED):  # as floats they are eight times the memory
        squares[start : start + LOOKED] = taken.bytes(images[start : start + LOOKED])
    return squares, [taken.note] if taken.note else []


def _checked(images: NDArray[Any]) -> NDArray[Any]:
    """As (n, h, w, c)."""
    shape = images.shape
    wanted = "expected images of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3)"
    if len(shape) == 2:
        raise ValueError(f"{wanted}, found {shape}: save images.reshape(n, h, w)")
    if len(shape) == 4 and shape[3] not in (1, 3) and shape[1] in (1, 3):
        raise ValueError(
            f"{wanted}, found {shape}: channels come last, save images.transpose(0, 2, 3, 1)"
        )
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3)):
        raise ValueError(f"{wanted}, found {shape}" + _without_alpha(shape))
    if 0 in shape:
        raise ValueError(f"{wanted}, found {shape}: there are no pixels")
    return images if len(shape) == 4 else images[..., None]


def _without_alpha(shape: tuple[int, ...]) -> str:
    return ": without alpha, save images[..., :3]" if shape[3:] == (4,) else ""


def _labels(
    arrays: dict[str, NDArray[Any]], n: int, stem: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels and the names of the classes; one class if the file has no labels."""
    if "labels" not in arrays:
        return np.zeros(n, np.int64), (stem,)
    labels = arrays["labels"]
    if labels.shape != (n,):
        raise ValueError(f"the labels have shape {labels.shape}, expected ({n},): one an image")
    if labels.dtype.kind not in "iuUb":
        raise ValueError(f"the labels are {labels.dtype}, expected whole numbers or strings")
    if "label_names" not in arrays:
        values, rows = np.unique(labels, return_inverse=True)
        return rows.astype(np.int64), tuple(map(str, values))
    names = tuple(map(str, arrays["label_names"]))
    if labels.dtype.kind == "U" or labels.min() < 0 or labels.max() >= len(names):
        raise ValueError(f"the labels are no rows of the {len(names)} label_names, counted from 0")
    return labels.astype(np.int64), names
