"""What is real in a run, by the name and the options that its configuration has.

Sets of images and texts are read once for the same name, as long as their file or folder stays as
it is: a large folder takes seconds to list, and a run asks for its law several times.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from wganlab.data.image_law_by_name import image_law
from wganlab.data.image_sources import is_image_source
from wganlab.data.language import TextLaw, is_text_source, path_of, text_law
from wganlab.data.toys import Toy, law

if TYPE_CHECKING:
    from wganlab.data.image_laws import ImageLaw
    from wganlab.data.image_sources import Color
    from wganlab.data.set_laws import SetLaw


def law_of(source: str, size: int, color: Color, held_out: int) -> Toy | SetLaw:
    """The law of that name; size, color and images held out are of images, of text the last alone.

    Raises
    ------
    ValueError
        If there is none, or it cannot be read.
    """
    if is_text_source(source):
        return _text_law(source, held_out, _when(str(path_of(source))))
    if is_image_source(source):
        return _image_law(source, size, color, held_out, _changed(source))
    found = law(source)
    if not isinstance(found, Toy):
        raise ValueError(
            f"data = {source!r}: give a run data = 'faces', and size and color beside it"
        )
    return found


@lru_cache(maxsize=4)
def _image_law(
    source: str, size: int, color: Color, held_out: int, changed: tuple[int, int]
) -> ImageLaw:
    """Of images, that were last `changed` then."""
    return image_law(source, size, color=color, held_out=held_out)


@lru_cache(maxsize=4)
def _text_law(source: str, held_out: int, changed: tuple[int, int]) -> TextLaw:
    """Of lines of text, likewise."""
    return text_law(source, held_out=held_out)


def _changed(source: str) -> tuple[int, int]:
    """When a file, or a folder of images, was last written, and how large it is."""
    return _when(re.sub(r"^(folder|npz):|\[[^\[\]]*\]$", "", source))


def _when(path: str) -> tuple[int, int]:
    try:
        told = os.stat(path)
    except (OSError, ValueError):
        return 0, 0
    return told.st_mtime_ns, told.st_size
