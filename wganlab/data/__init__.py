"""What is compared: toy laws, the embedded image sets, and point clouds from files.

The toy laws need torch, which loads when the first of their names is touched.
"""

import importlib
from typing import TYPE_CHECKING, Any

from wganlab.data.files import load_points
from wganlab.data.images import EMBEDDED, ImageSet, images

if TYPE_CHECKING:
    from wganlab.data.toys import TOYS, Toy, from_points, law, toy

__all__ = [
    "EMBEDDED",
    "TOYS",
    "ImageSet",
    "Toy",
    "from_points",
    "images",
    "law",
    "load_points",
    "toy",
]


def __getattr__(name: str) -> Any:
    if name in ("TOYS", "Toy", "from_points", "law", "toy"):
        return getattr(importlib.import_module("wganlab.data.toys"), name)
    raise AttributeError(f"module 'wganlab.data' has no attribute '{name}'")
