"""Which numbers are black and white in images of more, or other, than 8 bits.

A file of 16 bits may hold a camera's 12, and one of floats may hold [0, 1] or [-1, 1]: only the
whole set can tell. Its levels are taken alike for all of its images, and a note says how.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["whole", "real"]
BITS = (8, 10, 12, 14, 16)
DARK = 16  # largest level, of 255, at which a set is called black


@dataclass(frozen=True)
class Levels:
    """What is shown black and what white."""

    black: float
    white: float
    note: str = ""
    """That this was taken, where the type does not say so."""

    def bytes(self, array: NDArray[Any]) -> NDArray[np.uint8]:
        """Those levels as 0 to 255, rounded; ValueError for what is no finite number."""
        scaled = (array.astype(np.float64) - self.black) * (255 / (self.white - self.black))
        if not np.isfinite(scaled).all():
            raise ValueError("some pixels are no finite numbers")
        return np.clip(scaled, 0, 255).round().astype(np.uint8)


@dataclass(frozen=True)
class Range:
    """The least and the largest level of an image, or of a set."""

    kind: Kind
    low: float
    high: float


FULL: dict[Kind, Levels] = {"whole": Levels(0, 65535), "real": Levels(0, 1)}


def range_of(array: NDArray[Any]) -> Range | None:
    """What an array holds; None where it is no real numbers, or not finite."""
    if array.dtype.kind not in "iufb" or not array.size:
        return None
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        return None
    return Range("real" if array.dtype.kind == "f" else "whole", low, high)


def levels(ranges: Iterable[Range]) -> dict[Kind, Levels]:
    """Black and white of a whole set, by the kind of its numbers."""
    kinds: dict[Kind, list[Range]] = {}
    for found in ranges:
        kinds.setdefault(found.kind, []).append(found)
    return {kind: _levels(kind, some) for kind, some in kinds.items()}


def _levels(kind: Kind, ranges: list[Range]) -> Levels:
    low, high = min(part.low for part in ranges), max(part.high for part in ranges)
    if kind == "whole" and low >= 0:
        # a camera's 12 bits come in 16, and 16 bits may come as int32
        black, white = 0.0, next((2.0**bits - 1 for bits in BITS if high < 2**bits), high)
        if white == 65535:
            return FULL["whole"]
    else:
        scales = [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)] if kind == "real" else []
        fitting = [(a, b) for a, b in scales if a <= low and high <= b]
        black, white = (fitting or [(low, high if high > low else low + 1)])[0]
    numbers = "whole numbers" if kind == "whole" else "floats"
    dark = ", and it is black" if high == low == black else ""
    return Levels(
        black,
        white,
        f"its levels are {numbers} from {low:g} to {high:g}: {black:g} is taken for black and "
        f"{white:g} for white{dark}",
    )


def darkness(largest: int) -> list[str]:
    """A note on images of 8 bits that are nearly black."""
    if largest >= DARK or not largest:
        return []
    told = f"its largest level is {largest} of 255, so it is nearly black"
    return [f"{told}: if 1 is white in it, multiply by 255"]
