"""What is compared: toy laws, image sets, and point clouds from files.

- `toy`, `TOYS`: the field's toy laws by their names; `from_points`: the law of given points; `law`:
  either by one word. Each is a `Toy`
- `images`: an image set by its name, an `ImageSet`: one of `EMBEDDED`, or one's own, of `SOURCES`
  (`is_image_source`)
- `image_law`: the law of an image set, to train on, an `ImageLaw`
- `text_law`: the lines of a text, a `TextLaw` with its `Alphabet` (`is_text_source`)
- `FaceLaw`: pixel-art faces without end, whose attributes `read_faces` reads back from any image
- `as_images`, `as_bytes`: bytes as tensors in [-1, 1], and back
- `load_points`: a cloud from a file; `funnel_parameters`: the funnels of the W1 benchmark

Laws and tensors need torch, which loads when the first of their names is touched.
"""

import importlib
from typing import TYPE_CHECKING, Any

from wganlab.data.files import load_points
from wganlab.data.image_sources import EMBEDDED, SOURCES, ImageSet, images, is_image_source

if TYPE_CHECKING:
    from wganlab.data.alphabet import Alphabet
    from wganlab.data.faces.law import FaceLaw
    from wganlab.data.faces.reading import read_faces
    from wganlab.data.funnel_files import funnel_parameters
    from wganlab.data.image_law_by_name import image_law
    from wganlab.data.image_laws import ImageLaw
    from wganlab.data.image_tensors import as_bytes, as_images
    from wganlab.data.language import TextLaw, is_text_source, text_law
    from wganlab.data.toys import TOYS, Toy, from_points, law, toy

__all__ = [
    "EMBEDDED",
    "SOURCES",
    "TOYS",
    "Alphabet",
    "FaceLaw",
    "ImageLaw",
    "ImageSet",
    "TextLaw",
    "Toy",
    "as_bytes",
    "as_images",
    "from_points",
    "funnel_parameters",
    "image_law",
    "images",
    "is_image_source",
    "is_text_source",
    "law",
    "load_points",
    "read_faces",
    "text_law",
    "toy",
]

_LATER = {
    "Alphabet": "alphabet",
    "FaceLaw": "faces.law",
    "read_faces": "faces.reading",
    "funnel_parameters": "funnel_files",
    "ImageLaw": "image_laws",
    "image_law": "image_law_by_name",
    **dict.fromkeys(("as_bytes", "as_images"), "image_tensors"),
    **dict.fromkeys(("TextLaw", "is_text_source", "text_law"), "language"),
    **dict.fromkeys(("TOYS", "Toy", "from_points", "law", "toy"), "toys"),
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"wganlab.data.{_LATER[name]}"), name)
    raise AttributeError(f"module 'wganlab.data' has no attribute '{name}'")


def __dir__() -> list[str]:
    return list(__all__)
