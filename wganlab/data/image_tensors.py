"""Images as files and people have them, bytes; and as networks take them, tensors in [-1, 1].

Bytes are uint8 of shape (n, h, w, c), 0 black and 255 white; tensors are float32 of shape
(n, c, h, w), on any device. There is one formula, x / 127.5 - 1, and its reverse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 1 / 127.5
"""Between two grey levels."""


def as_images(pixels: NDArray[Any] | Tensor) -> Tensor:
    """Images as networks take them: float32, shape (n, c, h, w), pixels in [-1, 1].

    Parameters
    ----------
    pixels : uint8 array, shape (n, h, w, c), or float tensor, shape (n, c, h, w)
        Grey levels 0 to 255, of which 0 becomes -1 and 255 becomes 1; or images already.

    Raises
    ------
    ValueError
        If it is neither.

    Examples
    --------
    >>> as_images(np.array([[[[0]], [[255]]]], dtype=np.uint8))
    tensor([[[[-1.],
              [ 1.]]]])
    """
    if isinstance(pixels, Tensor) and pixels.is_floating_point() and pixels.ndim == 4:
        return pixels.detach().float()
    if isinstance(pixels, Tensor) or pixels.dtype != np.uint8 or pixels.ndim != 4:
        raise ValueError(
            f"images of type {pixels.dtype} and shape {tuple(pixels.shape)}: give a float tensor "
            "of shape (n, c, h, w) with pixels in [-1, 1], or a uint8 array of shape (n, h, w, c)"
        )
    levels = torch.tensor(np.asarray(pixels))  # a copy: maps of files are read-only
    return signed(levels).contiguous()


def signed(levels: Tensor) -> Tensor:
    """Bytes (n, h, w, c) of any device as images, (n, c, h, w), in the bytes' order in memory."""
    return levels.permute(0, 3, 1, 2).float() / 127.5 - 1


def as_bytes(images: Tensor) -> NDArray[np.uint8]:
    """The reverse, of images in [-1, 1] and around: (n, c, h, w) to bytes (n, h, w, c).

    Examples
    --------
    >>> as_bytes(torch.tensor([-1.2, 0.0, 1.0]).reshape(3, 1, 1, 1)).ravel()
    array([  0, 128, 255], dtype=uint8)
    """
    levels = (images.detach().float().cpu().clamp(-1, 1) + 1) * 127.5
    return levels.round().byte().permute(0, 2, 3, 1).contiguous().numpy()
