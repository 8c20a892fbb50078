"""What is compared: toy laws, image sets, and point clouds from files.

Laws need torch, which loads when the first of their names is touched.
"""

import importlib
from typing import TYPE_CHECKING, Any

from wganlab.data.files import load_points
from wganlab.data.images import EMBEDDED, ImageSet, images, is_image_source

if TYPE_CHECKING:
    from wganlab.data.image_laws import ImageLaw, image_law
    from wganlab.data.toys import TOYS, Toy, from_points, law, toy

__all__ = [
    "EMBEDDED",
    "TOYS",
    "ImageLaw",
    "ImageSet",
    "Toy",
    "from_points",
    "image_law",
    "images",
    "is_image_source",
    "law",
    "load_points",
    "toy",
]


def __getattr__(name: str) -> Any:
    if name in ("ImageLaw", "image_law"):
        return getattr(importlib.import_module("wganlab.data.image_laws"), name)
    if name in ("TOYS", "Toy", "from_points", "law", "toy"):
        return getattr(importlib.import_module("wganlab.data.toys"), name)
    raise AttributeError(f"module 'wganlab.data' has no attribute '{name}'")
