"""Nearest training images: does a generator copy what it was shown?

Distances are Euclidean, between pixels in [-1, 1]. All pairs are compared by |u|^2 + |v|^2 - 2 u.v,
block by block; that cancels where images are close, so whatever may be nearest within its rounding
is compared again by difference. A copy is at exactly 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from wganlab.data import checks
from wganlab.data.image_tensors import as_images
from wganlab.learned.fast.precision import products

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Images = NDArray[np.uint8] | Tensor

PIXELS = 2**23  # of one block of training images: 32 MB in float32
PAIRS = 2**22  # entries of one block of distances


def nearest_neighbors(
    fake: Images, train: Images, k: int = 1
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The k nearest training images of each image, and how far they are.

    Parameters
    ----------
    fake, train : float tensors, shapes (n, c, h, w) and (m, c, h, w), pixels in [-1, 1]
        Or uint8 arrays of shapes (n, h, w, c) and (m, h, w, c), which may be mapped from a file:
        of the training images one block is read at a time.
    k : int
        Neighbors, from 1 to m.

    Returns
    -------
    distances : float32 array, shape (n, k)
        Euclidean, smallest first, to float32 rounding: 0 for copies. The farthest that two images
        of d = c h w pixels can be apart is 2 sqrt(d).
    rows : int64 array, shape (n, k)
        Where in `train` they are.

    Raises
    ------
    ValueError
        If the images are not what they should be, differ in shape, or are fewer than k.

    Examples
    --------
    >>> train = torch.tensor([-1.0, 0.0, 1.0]).reshape(3, 1, 1, 1).expand(3, 1, 2, 2)
    >>> nearest_neighbors(train[1:2] + 0.25, train, k=2)
    (array([[0.5, 1.5]], dtype=float32), array([[1, 2]]))
    """
    x = checked(fake, "fake")
    first = checked(train[:1], "train")
    if x.shape[1:] != first.shape[1:]:
        raise ValueError(
            f"generated images have shape {tuple(x.shape[1:])} and training images "
            f"{tuple(first.shape[1:])}: give both with the same side and channels"
        )
    checks.whole(1, k=k)
    if k > len(train):
        raise ValueError(f"k = {k} neighbors, and there are {len(train)} training images")
    with products("highest"):
        blocks = [_search(part, train, k) for part in x.flatten(1).split(_rows(PIXELS, first))]
    distances, rows = (torch.cat(parts).cpu().numpy() for parts in zip(*blocks, strict=True))
    return distances, rows


def memorization(fake: Images, train: Images, held_out: Images) -> dict[str, float]:
    """How near generated images are to the training images, beside other real images.

    A law that is learned and not copied gives images as far from the training images as real ones
    that were held out: 1. Copies give 0, near copies almost 0, noise more than 1. Somewhat less
    than 1 is no proof of copies, for what is plain or blurred lies closer to everything: beside
    2,000 training images of `mnist10k` at 32 px a black image gives 0.81, new digits blurred by
    3 x 3 means 0.89, new digits 0.99. Below a half, look at the neighbors.

    Parameters
    ----------
    fake, train, held_out
        Images as `nearest_neighbors` takes them; the fake and the held-out ones need not be as
        many, but both must be compared with the same training images.

    Returns
    -------
    dict
        `memorization`: the median distance of generated images to the nearest training image over
        that of held-out images. `nearest` and `nearest_held_out`: the two medians.

    Raises
    ------
    ValueError
        As `nearest_neighbors`; and if half of the held-out images are training images.

    Examples
    --------
    >>> train = torch.tensor([-1.0, 0.0, 1.0]).reshape(3, 1, 1, 1)
    >>> memorization(train, train, train + 0.5)["memorization"]
    0.0
    >>> memorization(train - 0.25, train, train + 0.5)["memorization"]
    0.5
    """
    return compared(fake, train, usual_distance(train, held_out))


def usual_distance(train: Images, held_out: Images) -> float:
    """Median distance of held-out images to the nearest training image, which must not be 0."""
    usual = float(np.median(nearest_neighbors(held_out, train)[0]))
    if usual == 0:
        raise ValueError(
            "half of the held-out images or more are training images: hold out others, to which "
            "copies can be compared"
        )
    return usual


def compared(fake: Images, train: Images, usual: float) -> dict[str, float]:
    """`memorization`, where the distance of held-out images is known already."""
    nearest = float(np.median(nearest_neighbors(fake, train)[0]))
    return {
        "memorization": nearest / usual,
        "nearest": nearest,
        "nearest_held_out": usual,
    }


def checked(images: Images, name: str) -> Tensor:
    """As a float32 tensor of shape (n, c, h, w), finite and with n > 0."""
    try:
        tensor = as_images(images)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if len(tensor) == 0:
        raise ValueError(f"{name} has no images")
    if not tensor.isfinite().all():
        raise ValueError(f"{name} has pixels that are not finite: has the training diverged?")
    return tensor


def _rows(entries: int, image: Tensor) -> int:
    return max(1, entries // image.numel())


def _search(x: Tensor, train: Images, k: int) -> tuple[Tensor, Tensor]:
    """Neighbors of images, flattened to (n, d), among all training images: (n, k) twice."""
    n, d = x.shape
    best, where = x.new_full((n, k), math.inf), x.new_zeros((n, k), dtype=torch.int64)
    center = x.mean(dim=0)
    step = max(1, min(PIXELS // d, PAIRS // n))
    for start in range(0, len(train), step):
        y = checked(train[start : start + step], "train").flatten(1).to(x.device)  # (b, d)
        squares = _near(x, y, center, best)  # (n, b)
        both = torch.cat([best, squares], dim=1)
        best, order = both.topk(k, dim=1, largest=False)
        rows = torch.arange(start, start + len(y), device=x.device).expand(n, -1)
        where = torch.cat([where, rows], dim=1).gather(1, order)
    return best.sqrt(), where


def _near(x: Tensor, y: Tensor, center: Tensor, bound: Tensor) -> Tensor:
    """Squared distances (n, b) of the pairs that may be nearest, and inf for all others.

    `bound` (n, k) are the smallest ones so far. A sum of d products is off by at most d eps times
    the sum of their absolute values.
    """
    u, v = x - center, y - center
    square_u, square_v = u.square().sum(dim=1), v.square().sum(dim=1)
    squares = torch.addmm(square_v, u, v.T, alpha=-2).add_(square_u[:, None])  # (n, b)
    error = 2 * x.shape[1] * torch.finfo(x.dtype).eps * (square_u + square_v.max())  # (n,)
    k = bound.shape[1]
    limit = bound[:, -1]
    if len(y) >= k:
        limit = torch.minimum(limit, squares.kthvalue(k, dim=1).values + error)
    pairs = (squares <= (limit + error)[:, None]).nonzero()  # (pairs, 2)
    exact = torch.full_like(squares, math.inf)
    for part in pairs.split(_rows(PIXELS, x[0])):
        rows, columns = part.T
        exact[rows, columns] = (x[rows] - y[columns]).square().sum(dim=1)
    return exact
