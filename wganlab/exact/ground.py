"""Ground distances d(x, y), and the c-transform: prices at one cloud become prices anywhere.

The c-transform of g, given at points y_j, is f(z) = min_j d(z, y_j)^p - g_j: the largest f with
f(z) + g_j <= d(z, y_j)^p. For p = 1 it is 1-Lipschitz, as a minimum of 1-Lipschitz functions
(Peyré and Cuturi 2019, section 5.1).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

from wganlab.exact.measures import Discrete, as_pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

METRICS = {"euclidean": "euclidean", "l1": "cityblock"}  # our names, SciPy's names
GEMM_DIMENSION = 16
SMALL = 1e-100
BLOCK_ENTRIES = 4_000_000  # 32 MB at a time


def check_metric(metric: str) -> None:
    """ValueError unless `metric` names a ground distance."""
    if "sq" in metric:
        raise ValueError(
            f"metric={metric!r} is a cost, not a distance: for W2 ask p=2 with "
            "metric='euclidean'; the squared cost is then .value**2"
        )
    if metric not in METRICS:
        raise ValueError(
            f"metric={metric!r}: expected 'euclidean', 'l1', or a matrix of ground distances"
        )


def distances(x: ArrayLike | Discrete, y: ArrayLike | Discrete, metric: str = "euclidean") -> Array:
    """Ground distances d(x_i, y_j), shape (n, m), to about 1e-12 relative even far from 0.

    Examples
    --------
    >>> distances([[0, 0]], [[3, 4], [0, 1]])
    array([[5., 1.]])
    """
    check_metric(metric)
    mu, nu = as_pair(x, y)
    return pairwise(mu.points, nu.points, metric)


def pairwise(x: Array, y: Array, metric: str) -> Array:
    """`distances` between bare arrays of points, shapes (n, d) and (m, d)."""
    dim = x.shape[1]
    if metric == "euclidean":
        reach = max(x.max(), y.max(), -x.min(), -y.min())
        if 0 < reach < SMALL:  # squares would underflow
            unit = 2.0 ** math.floor(math.log2(reach))
            return unit * pairwise(x / unit, y / unit, metric)
    if metric != "euclidean" or dim < GEMM_DIMENSION:
        return cdist(x, y, METRICS[metric])
    center = (x.mean(axis=0) + y.mean(axis=0)) / 2
    u, v = x - center, y - center
    square_u, square_v = (u**2).sum(axis=1), (v**2).sum(axis=1)
    square = u @ (-2 * v.T)  # (n, m)
    square += square_u[:, None]
    square += square_v
    # |u|^2 + |v|^2 - 2 u.v cancels where the points are close: those pairs again, by difference
    close = np.argwhere(square < 1e-4 * (square_u.max() + square_v.max()))
    for part in np.array_split(close, 1 + len(close) * dim // BLOCK_ENTRIES):
        rows, columns = part.T
        square[rows, columns] = ((x[rows] - y[columns]) ** 2).sum(axis=1)
    return np.sqrt(square, out=square)


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of the rows such that a block with `columns` columns fits the cache's budget."""
    step = max(1, BLOCK_ENTRIES // columns)
    return (slice(start, start + step) for start in range(0, rows, step))


def c_transform(z: Array, y: Array, g: Array, metric: str, p: float = 1) -> Array:
    """min_j d(z, y_j)^p - g_j at points z, shape (k, d): values of shape (k,)."""
    return np.concatenate(
        [(pairwise(z[rows], y, metric) ** p - g).min(axis=1) for rows in blocks(len(z), len(y))]
    )


def direction(z: Array, y: Array, metric: str) -> Array:
    """Gradient of d(z_i, y_i) with respect to z_i, shape (k, d); 0 where z_i = y_i."""
    difference = z - y
    if metric == "l1":
        return np.sign(difference)
    for norm in (np.inf, 2):  # the first so that no square underflows
        length = np.linalg.norm(difference, axis=1, keepdims=True, ord=norm)
        difference = np.divide(difference, length, out=np.zeros_like(difference), where=length > 0)
    return difference
