"""The law of an image set by its name, as configurations and the command line have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wganlab.data.faces.law import FaceLaw
from wganlab.data.image_laws import ImageLaw
from wganlab.data.image_sources import images

if TYPE_CHECKING:
    from wganlab.data.image_sources import Color


def image_law(
    source: str, size: int | None = None, *, color: Color = "auto", held_out: int = 0
) -> ImageLaw:
    """The law of an image set by its name, as `images` reads it; of "faces" without end.

    Examples
    --------
    >>> law = image_law("mnist10k", 32)
    >>> law.shape, len(law.rows), len(law.unseen)
    ((1, 32, 32), 9000, 1000)
    """
    if source == "faces":
        return FaceLaw(size, color, held_out=held_out)
    return ImageLaw(images(source, size, color=color), held_out=held_out)
