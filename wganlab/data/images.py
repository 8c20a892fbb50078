"""Image sets: uint8 arrays of shape (n, height, width, channels) with labels.

Embedded, and read without a network:

- `mnist10k`: 10,000 handwritten digits, 28 px, grey (CC BY-SA 3.0);
- `emoji`: 1,906 Twemoji graphics, 64 px, color (CC BY 4.0);
- `glyphs`: 62 letters and digits rendered from 20 faces that ship with matplotlib, in three sizes,
  at any resolution: an image law whose modes are known.

Origins and licenses: `archives/NOTICE.md`.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EMBEDDED = ("mnist10k", "emoji", "glyphs")
_ARCHIVES = {"mnist10k": "mnist10k.npz", "emoji": "emoji64.npz"}
_LICENSES = {
    "mnist10k": "CC BY-SA 3.0",
    "emoji": "CC BY 4.0, Twitter, Inc. and other contributors",
    "glyphs": "faces under the Bitstream Vera, STIX and Knuth licenses",
}

CHARACTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
# The faces that matplotlib ships with all 62 characters.
FACES = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *("cmr10", "cmb10", "cmss10", "cmtt10"),
)
# Em sizes as a share of the image; a capital in the smallest stays larger than its lower case in
# the largest, so that size alone never changes the class.
EM_SIZES = (0.68, 0.75, 0.82)


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images with labels.

    Attributes
    ----------
    name : str
        What `images` calls it.
    images : uint8 array, shape (n, height, width, channels)
        Grey levels or RGB, 0 to 255.
    labels : int array, shape (n,)
        Indices into `label_names`.
    label_names : tuple of str
        One name a class.
    license : str
        Under which the images may be passed on; origins are in archives/NOTICE.md.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    label_names: tuple[str, ...]
    license: str

    def __len__(self) -> int:
        return len(self.images)

    def select(self, label: str | int) -> ImageSet:
        """The images of one class, by its name.

        Examples
        --------
        >>> len(images("mnist10k").select(3))
        1032
        """
        if str(label) not in self.label_names:
            names = ", ".join(self.label_names)
            raise ValueError(f"{self.name} has no class {str(label)!r}: choose from {names}")
        chosen = self.labels == self.label_names.index(str(label))
        return replace(
            self,
            name=f"{self.name}[{label}]",
            images=self.images[chosen],
            labels=self.labels[chosen],
        )

    def points(self) -> NDArray[np.float64]:
        """Images as points of R^(height width channels), pixels in [0, 1]: float64, (n, d)."""
        return self.images.reshape(len(self), -1) / 255.0


def images(name: str, size: int | None = None) -> ImageSet:
    """An embedded image set, whole or one class of it.

    Parameters
    ----------
    name : str
        "mnist10k", "emoji" or "glyphs"; with a class in brackets for that class alone:
        "mnist10k[3]", "glyphs[A]", "emoji[Food & Drink]".
    size : int, optional
        Side in pixels; the set's own by default (28, 64 and 32).

    Raises
    ------
    ValueError
        If there is no such set or class, or the size is not positive.

    Examples
    --------
    >>> images("mnist10k[3]").images.shape
    (1032, 28, 28, 1)
    """
    match = re.fullmatch(r"([^\[\]]+)(?:\[([^\[\]]+)\])?", name)
    if match is None or match[1] not in EMBEDDED:
        raise ValueError(
            f"there is no image set {name!r}: choose from {', '.join(EMBEDDED)}, "
            "or one class such as mnist10k[3]"
        )
    if size is not None and size < 1:
        raise ValueError(f"size = {size}: an image needs at least one pixel")
    base = match[1]
    whole = _glyphs(size or 32) if base == "glyphs" else _archive(base, size)
    return whole if match[2] is None else whole.select(match[2])


@lru_cache(maxsize=8)
def _archive(name: str, size: int | None) -> ImageSet:
    with (
        resources.files("wganlab.data").joinpath("archives", _ARCHIVES[name]).open("rb") as file,
        np.load(file) as archive,
    ):
        pixels, labels = archive["images"], archive["labels"].astype(np.int64)
        digits = tuple(string.digits)
        names = tuple(map(str, archive["label_names"])) if "label_names" in archive else digits
    if pixels.ndim == 3:
        pixels = pixels[..., None]  # (n, h, w, 1)
    if size is not None and size != pixels.shape[1]:
        pixels = _resized(pixels, size)
    pixels.flags.writeable = False  # the cache hands out one copy
    return ImageSet(name, pixels, labels, names, _LICENSES[name])


def _resized(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    from PIL import Image

    resample = Image.Resampling.LANCZOS
    frames = [
        np.asarray(Image.fromarray(frame.squeeze()).resize((size, size), resample))
        for frame in pixels
    ]
    return np.stack(frames).reshape(len(pixels), size, size, -1)


@lru_cache(maxsize=8)
def _glyphs(size: int) -> ImageSet:
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    frames, labels = [], []
    for face in FACES:
        for share in EM_SIZES:
            font = ImageFont.truetype(
                str(folder / f"{face}.ttf"), share * size, layout_engine=ImageFont.Layout.BASIC
            )
            for label, character in enumerate(CHARACTERS):
                left, top, right, bottom = font.getbbox(character)
                corner = ((size - left - right) / 2, (size - top - bottom) / 2)
                canvas = Image.new("L", (size, size))
                ImageDraw.Draw(canvas).text(corner, character, fill=255, font=font)
                frames.append(np.asarray(canvas))
                labels.append(label)
    pixels = np.stack(frames)[..., None]  # (n, size, size, 1)
    pixels.flags.writeable = False
    return ImageSet("glyphs", pixels, np.array(labels), tuple(CHARACTERS), _LICENSES["glyphs"])
