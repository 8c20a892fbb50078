"""Pixels: from an encoded image to a square of uint8, and from grey to RGB and back.

A square is the middle of the image, as large as fits into it, resized with antialiasing (Lanczos).
Grey is .299 R + .587 G + .114 B (ITU-R 601), rounded as Pillow does. What is transparent shows
white. Pillow is loaded when the first image is.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wganlab.data.levels import FULL, Kind, Levels, Range, range_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

Encoded = str | bytes | None
"""A path, the bytes of a file, or None for an image that is not there."""

GREY_MODES = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L", "I", "F")
# What is opened, whatever a file is called: others run a program, or are no pictures of pixels.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "AVIF", "JPEG2000")
SHALLOW = (".jpg", ".jpeg", ".jfif", ".bmp")  # of 8 bits and one frame


class Look(NamedTuple):
    """What only a whole set can judge of an image."""

    levels: Range | None = None
    """What it holds, where that is not 8 bits."""
    frames: bool = False
    """Has it more than one?"""


def mode_and_side(encoded: Encoded) -> tuple[str, int] | None:
    """Mode and shorter side, from the header alone; None if it cannot be read."""
    try:
        with _opened(encoded) as image:
            return image.mode, min(image.size)
    except MemoryError:
        raise
    except Exception:
        return None


def look(encoded: Encoded) -> Look:
    """At one image before all are decoded; what cannot be read is told when it is decoded."""
    if isinstance(encoded, str) and encoded.lower().endswith(SHALLOW):
        return Look()
    try:
        with _opened(encoded) as image:
            frames = bool(getattr(image, "is_animated", False))
            deep = image.mode == "F" or image.mode.startswith("I")
            return Look(range_of(np.asarray(image)) if deep else None, frames)
    except MemoryError:
        raise
    except Exception:
        return Look()


def decode(
    encoded: Encoded, size: int, channels: int, levels: Mapping[Kind, Levels] = FULL
) -> NDArray[np.uint8] | str:
    """The square, uint8 of shape (size, size, channels); or why the image cannot be read."""
    try:
        with _opened(encoded) as image:
            # JPEGs are decoded at 1/2, 1/4 or 1/8 where that leaves twice the pixels wanted
            image.draft(None, (2 * size, 2 * size))
            cut = _is_cut(image)
            plain = _shallow(_upright(image), FULL | dict(levels))
            if cut and np.asarray(plain.convert("RGB")).max() < 16:
                return "of its 16 bits a color only the upper 8 can be read, and they are black"
            return square(plain, size, channels)
    except MemoryError:
        raise
    except Exception as error:  # decoders raise all kinds of errors on damaged files
        unknown = type(error).__name__ == "UnidentifiedImageError"
        told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return "no image of a known format" if unknown else told or type(error).__name__


def square(image: Image.Image, size: int, channels: int) -> NDArray[np.uint8]:
    """The middle of an image, resized: uint8, shape (size, size, channels)."""
    from PIL.Image import Resampling

    plain = _opaque(image).convert("L" if channels == 1 else "RGB")
    side = min(plain.size)
    left, top = (plain.width - side) // 2, (plain.height - side) // 2
    if plain.size != (side, side):
        plain = plain.crop((left, top, left + side, top + side))
    if side != size:
        plain = plain.resize((size, size), Resampling.LANCZOS)
    return np.asarray(plain).reshape(size, size, channels)


def resized(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Every image of (n, h, w, c) as a square, uint8 of shape (n, size, size, c)."""
    from PIL import Image

    n, height, width, channels = pixels.shape
    if height == width == size:
        return pixels
    squares = np.empty((n, size, size, channels), np.uint8)
    for place, frame in zip(squares, pixels, strict=True):
        flat = frame[..., 0] if channels == 1 else frame
        place[:] = square(Image.fromarray(np.ascontiguousarray(flat)), size, channels)
    return squares


def recolored(pixels: NDArray[np.uint8], color: str) -> NDArray[np.uint8]:
    """As "grey" or "rgb", uint8 of shape (n, h, w, 1 or 3); "auto" changes nothing."""
    channels = {"auto": pixels.shape[3], "grey": 1, "rgb": 3}[color]
    if channels == pixels.shape[3]:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=3)
    grey = np.empty((*pixels.shape[:3], 1), np.uint8)
    for start in range(0, len(pixels), 1024):  # 16 bits of each are four times the memory
        red, green, blue = np.moveaxis(pixels[start : start + 1024].astype(np.uint32), 3, 0)
        sums = 19595 * red + 38470 * green + 7471 * blue + 0x8000
        grey[start : start + 1024, ..., 0] = sums >> 16
    return grey


def _opened(encoded: Encoded) -> Image.Image:
    from PIL import Image

    if encoded is None:
        raise ValueError("there is no image")
    file = io.BytesIO(encoded) if isinstance(encoded, bytes) else Path(encoded)
    return Image.open(file, formats=_formats())


@lru_cache(maxsize=1)
def _formats() -> tuple[str, ...]:
    """Those that this Pillow was built with."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _is_cut(image: Image.Image) -> bool:
    """Has it 16 bits a color, of which Pillow keeps the upper 8?"""
    tiles = getattr(image, "tile", None) or []
    return image.mode.startswith("RGB") and any(";16" in str(tile) for tile in tiles)


def _upright(image: Image.Image) -> Image.Image:
    """As its EXIF orientation has it."""
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def _shallow(image: Image.Image, levels: Mapping[Kind, Levels]) -> Image.Image:
    """With 8 bits where it has more, black and white as the set has them."""
    from PIL import Image

    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    array = np.asarray(image)
    return Image.fromarray(levels["real" if image.mode == "F" else "whole"].bytes(array))


def _opaque(image: Image.Image) -> Image.Image:
    """On white where it is transparent."""
    from PIL import Image

    if not image.has_transparency_data:
        return image
    above = image.convert("RGBA")
    white = Image.new("RGBA", above.size, "white")
    return Image.alpha_composite(white, above)
