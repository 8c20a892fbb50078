"""What is compared: the embedded image sets, and point clouds from files."""

from wganlab.data.files import load_points
from wganlab.data.images import EMBEDDED, ImageSet, images

__all__ = ["EMBEDDED", "ImageSet", "images", "load_points"]
