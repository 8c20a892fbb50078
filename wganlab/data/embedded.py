"""The embedded image sets, read without a network; origins and licenses: archives/NOTICE.md."""

from __future__ import annotations

import string
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np

from wganlab.data import pixels
from wganlab.data.faces.sprites import SIDE, sprites
from wganlab.data.imageset import ImageSet

EMBEDDED = ("faces", "mnist10k", "emoji", "glyphs")
_ARCHIVES = {"mnist10k": "mnist10k.npz", "emoji": "emoji64.npz"}
_LICENSES = {
    "faces": "CC0 1.0",
    "mnist10k": "CC BY-SA 3.0",
    "emoji": "CC BY 4.0, Twitter, Inc. and other contributors",
    "glyphs": "typefaces under the Bitstream Vera, STIX and Knuth licenses",
}

CHARACTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
# The typefaces that matplotlib ships with all 62 characters.
TYPEFACES = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *("cmr10", "cmb10", "cmss10", "cmtt10"),
)
# Em sizes as a share of the image; a capital in the smallest stays larger than its lower case in
# the largest, so that size alone never changes the class.
EM_SIZES = (0.68, 0.75, 0.82)
DRAWN = 20_000  # faces of the set
SMALLEST, WIDEST = 4, 128  # sides of faces: of the widest the set takes 1 GB


@lru_cache(maxsize=8)
def load(name: str, size: int | None, color: str) -> ImageSet:
    """One of `EMBEDDED`; glyphs are drawn at any size, faces at some, the others resized."""
    if name == "faces":
        whole = _faces(size)
    else:
        whole = _glyphs(size) if name == "glyphs" else _archive(name, size)
    recolored = pixels.recolored(whole.images, color)
    recolored.flags.writeable = False  # the cache hands out one copy
    return ImageSet(name, recolored, whole.labels, whole.label_names, whole.license)


def _archive(name: str, size: int | None) -> ImageSet:
    with (
        resources.files("wganlab.data").joinpath("archives", _ARCHIVES[name]).open("rb") as file,
        np.load(file) as archive,
    ):
        images, labels = archive["images"], archive["labels"].astype(np.int64)
        digits = tuple(string.digits)
        names = tuple(map(str, archive["label_names"])) if "label_names" in archive else digits
    if images.ndim == 3:
        images = images[..., None]  # (n, h, w, 1)
    if size is not None:
        images = pixels.resized(images, size)
    return ImageSet(name, images, labels, names, _LICENSES[name])


@lru_cache(maxsize=1)  # "auto" and "rgb" are one array
def _faces(size: int | None) -> ImageSet:
    """20,000, drawn with a seed; their classes are the mouths, which always show."""
    faces = sprites()
    side = size or SIDE
    if (side % SIDE and SIDE % side) or not SMALLEST <= side <= WIDEST:
        raise ValueError(
            f"faces of {side} px: they are drawn at {SIDE} px; give size = {SIDE}, a multiple of "
            f"it up to {WIDEST}, 8 or {SMALLEST}"
        )
    rng = np.random.default_rng(0)
    choices = faces.choices(rng.random((DRAWN, len(faces.attributes))))
    images = faces.drawn(choices)
    if side < SIDE:
        k = SIDE // side
        means = images.reshape(DRAWN, side, k, side, k, 3).mean(axis=(2, 4))
        images = means.round().astype(np.uint8)
    else:
        images = images.repeat(side // SIDE, axis=1).repeat(side // SIDE, axis=2)
    mouths = faces.attributes["mouth"].values
    return ImageSet("faces", images, choices["mouth"], mouths, _LICENSES["faces"])


def _glyphs(size: int | None) -> ImageSet:
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    size = size or 32
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    frames, labels = [], []
    for typeface in TYPEFACES:
        for share in EM_SIZES:
            font = ImageFont.truetype(
                str(folder / f"{typeface}.ttf"), share * size, layout_engine=ImageFont.Layout.BASIC
            )
            for label, character in enumerate(CHARACTERS):
                left, top, right, bottom = font.getbbox(character)
                corner = ((size - left - right) / 2, (size - top - bottom) / 2)
                canvas = Image.new("L", (size, size))
                ImageDraw.Draw(canvas).text(corner, character, fill=255, font=font)
                frames.append(np.asarray(canvas))
                labels.append(label)
    images = np.stack(frames)[..., None]  # (n, size, size, 1)
    return ImageSet("glyphs", images, np.array(labels), tuple(CHARACTERS), _LICENSES["glyphs"])
