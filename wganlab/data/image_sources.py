"""Image sets: uint8 arrays of shape (n, height, width, channels) with labels.

Embedded, and read without a network:

- `faces`: 20,000 pixel-art faces, 16 px, color (CC0), drawn from a law of independent attributes:
  an image law whose truth is known (`wganlab.data.faces`);
- `mnist10k`: 10,000 handwritten digits, 28 px, grey (CC BY-SA 3.0);
- `emoji`: 1,906 Twemoji graphics, 64 px, color (CC BY 4.0);
- `glyphs`: 62 letters and digits rendered from 20 typefaces that ship with matplotlib, in three
  sizes, at any resolution: an image law whose modes are known.

Your own: `folder:PATH`, `npz:PATH`, `hub:NAME`. Images that have to be decoded are decoded once,
into a cache (`wganlab/data/cache.py`) that is memory-mapped: a set may be larger than memory.

Origins and licenses of the embedded sets: `archives/NOTICE.md`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path

from wganlab.data import arrays, cache, embedded, folders, hub
from wganlab.data.embedded import EMBEDDED
from wganlab.data.imageset import COLORS, SIZE, Color, ImageSet

__all__ = ["EMBEDDED", "SIZE", "SOURCES", "Color", "ImageSet", "images", "is_image_source"]

SOURCES = {
    "folder:PATH": "a folder of image files; its subfolders are the classes",
    "npz:PATH": "a .npz file with uint8 images (n, h, w[, 3]) and labels, or a .npy file",
    "hub:NAME": "a Hugging Face dataset, or a local folder of parquet files or images",
}
"""How own images are named, and what they are."""

LARGEST = 16_384  # pixels of a side
_SCHEMES = tuple(name.split(":")[0] + ":" for name in SOURCES)


def is_image_source(source: str) -> bool:
    """Does `images` take it, if what it names is there?

    Examples
    --------
    >>> is_image_source("mnist10k[3]"), is_image_source("folder:cats"), is_image_source("cats.csv")
    (True, True, False)
    """
    return re.sub(r"\[.*", "", source) in EMBEDDED or source.startswith(_SCHEMES)


def images(
    name: str, size: int | None = None, *, color: Color = "auto", progress: bool | None = None
) -> ImageSet:
    """An image set, whole or one class of it.

    Parameters
    ----------
    name : str
        With a class in brackets, as in "mnist10k[3]", that class alone. A path that itself ends in
        brackets is taken as it is, if it is there.

        - "faces", "mnist10k", "emoji" or "glyphs": embedded;
        - "folder:PATH": every image file in a folder and its subfolders, in the order of their
          paths, as its EXIF orientation has it. The names of the immediate subfolders are the
          classes; what lies beside them is of the class "."; a folder without subfolders is one
          class. Files that cannot be read are left out, and a warning says which; another says
          what is taken for black and white where a file has more than 8 bits;
        - "npz:PATH": a .npz file with an array `images` (or a single one) of shape (n, h, w), (n,
          h, w, 1) or (n, h, w, 3), uint8 or, with a warning that says how they were read, other
          whole numbers, floats in [0, 1], [-1, 1] or [0, 255]; and optional arrays `labels` and
          `label_names`; or a .npy file with such images;
        - "hub:NAME": a dataset of the Hugging Face hub, or a local folder or .parquet file that
          its library reads (`pip install "wganlab[hub]"`). The columns with images and with labels
          are found by their types. Options follow a colon: "hub:NAME:split=test,config=CONFIG,
          image=COLUMN,label=COLUMN,revision=COMMIT"; the split is "train" unless given. On the
          hub are, for example, "hub:uoft-cs/cifar10", "hub:flwrlabs/celeba" and
          "hub:pcuenq/lsun-bedrooms" (a fifth of LSUN's bedrooms); these were not run here, where
          only local folders could be tried.
    size : int, optional
        Side in pixels: the middle square of each image is resized, with antialiasing. By default
        the set's own for embedded sets (28, 64 and 32) and arrays, 64 for folders; for hub sets
        the shorter side of the first image, at most 64.
    color : {"auto", "grey", "rgb"}
        By default the set's own. Folders and hub sets are grey if all images whose header can be
        read are stored as grey; what is transparent shows white.
    progress : bool, optional
        Show a bar while images are decoded; by default on a terminal, after two seconds.

    Returns
    -------
    ImageSet
        Its images are read-only, those of folders and hub sets memory-mapped from the cache.

    Raises
    ------
    ValueError
        If there is no such set or class, it holds no images, or the size is not positive.
    FileNotFoundError
        If there is no such folder or file.
    OSError
        If the cache cannot be written, for example because the disk is full.
    ModuleNotFoundError
        If "hub:" is asked for without the `hub` extra.

    Examples
    --------
    >>> images("mnist10k[3]").images.shape
    (1032, 28, 28, 1)
    >>> images("mnist10k[3]", 32, color="rgb").images.shape
    (1032, 32, 32, 3)
    """
    if size is not None and not 1 <= size <= LARGEST:
        raise ValueError(f"size = {size}: an image needs at least one pixel, at most {LARGEST:,}")
    size = None if size is None else int(size)
    if color not in COLORS:
        raise ValueError(f"color = {color!r}: choose from {', '.join(COLORS)}")
    if name.startswith(_SCHEMES):
        whole, label = _own(name, size, color, progress)
    else:
        whole, label = _embedded(name, size, color)
    return whole if label is None else whole.select(label)


def _embedded(name: str, size: int | None, color: str) -> tuple[ImageSet, str | None]:
    match = re.fullmatch(r"([^\[\]]+)(?:\[([^\[\]]+)\])?", name)
    if match is None or match[1] not in EMBEDDED:
        raise ValueError(
            f"there is no image set {name!r}: choose from {', '.join(EMBEDDED)}, "
            f"or one class such as mnist10k[3]; or your own: {', '.join(SOURCES)}"
        )
    return embedded.load(match[1], size, color), match[2]


def _own(
    name: str, size: int | None, color: str, progress: bool | None
) -> tuple[ImageSet, str | None]:
    """What a folder, a file of arrays or a hub set holds, and which class is asked for."""
    scheme, text = name.split(":", 1)
    if scheme == "hub":
        text, label = _parted(text, hub.whole)
        return _from_cache(f"hub:{text}", hub.load(text, size, color, progress)), label
    exists = Path.is_dir if scheme == "folder" else Path.is_file
    text, label = _parted(text, lambda part: exists(Path(part).expanduser()))
    path = Path(text).expanduser()
    if not exists(path):
        kind = "folder" if scheme == "folder" else "file"
        regular = "regular " if kind == "file" and not path.is_dir() else ""
        wrong = f"it is no {regular}{kind}" if path.exists() else f"there is no {kind} {text!r}"
        raise FileNotFoundError(f"{name}: {wrong}")
    if scheme == "folder":
        return _from_cache(f"folder:{text}", folders.load(path, size, color, progress)), label
    try:
        loaded, notes = arrays.load(path, f"npz:{text}", size, color)
    except ValueError as error:
        raise ValueError(f"npz:{text}: {error}") from error
    for note in notes:
        warnings.warn(f"{loaded.name}: {note}", stacklevel=3)
    return loaded, label


def _parted(text: str, whole: Callable[[str], bool]) -> tuple[str, str | None]:
    """A source and the class in brackets at its end; the longest source that is there wins."""
    if not whole(text) and text.endswith("]"):
        for place in range(len(text) - 1, 0, -1):
            if text[place] == "[" and whole(text[:place]):
                return text[:place], text[place + 1 : -1]
    return text, None


def _from_cache(name: str, entry: cache.Entry) -> ImageSet:
    skipped, of = entry.about["skipped"], entry.about["of"]
    if skipped:
        examples = entry.about["examples"]
        more = ", ..." if skipped > len(examples) else ""
        warnings.warn(
            f"{name}: {skipped:,} of {of:,} images could not be read and are left out: "
            f"{', '.join(examples)}{more}",
            stacklevel=4,
        )
    for note in entry.about["notes"]:
        warnings.warn(f"{name}: {note}", stacklevel=4)
    names = tuple(entry.about["label_names"])
    return ImageSet(name, entry.images, entry.labels, names, entry.about.get("license", ""))
