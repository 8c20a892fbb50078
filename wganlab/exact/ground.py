"""Ground distances d(x, y), and the c-transform: prices at one cloud become prices anywhere.

The c-transform of g, given at points y_j, is f(z) = min_j d(z, y_j)^p - g_j: the largest f with
f(z) + g_j <= d(z, y_j)^p. For p = 1 it is 1-Lipschitz, as a minimum of 1-Lipschitz functions
(Peyré and Cuturi 2019, section 5.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy.spatial.distance import cdist

from wganlab.exact.costs import as_cost
from wganlab.exact.measures import Discrete, as_pair
from wganlab.exact.memory import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

Metric: TypeAlias = "str | Callable[[Array, Array], ArrayLike]"

METRICS = {"euclidean": "euclidean", "l1": "cityblock"}  # our names, SciPy's names
GEMM_DIMENSION = 16
TINY = 1e-120  # from here on differences of coordinates have squares that float64 holds
BLOCK_ENTRIES = 4_000_000  # 32 MB at a time


def check_metric(metric: Any) -> None:
    """ValueError unless `metric` names a ground distance, or is a function."""
    if callable(metric):
        return
    if isinstance(metric, str) and "sq" in metric:
        raise ValueError(
            f"metric={metric!r} is a cost, not a distance: for W2 ask p=2 with "
            "metric='euclidean'; the squared cost is then .value**2"
        )
    if not isinstance(metric, str) or metric not in (*METRICS, "cosine"):
        told = repr(metric) if isinstance(metric, str) else f"a {type(metric).__name__}"
        raise ValueError(
            f"metric={told}: expected 'euclidean', 'l1', 'cosine', a function of two point sets, "
            "or a matrix of ground distances"
        )


def check_lipschitz(metric: Any, what: str) -> None:
    """ValueError unless `metric` is a metric with coordinates, of which `what` can make use."""
    if isinstance(metric, str) and metric in METRICS:
        return
    if metric == "given":
        raise ValueError(f"{what} needs points, and this distance came as a matrix")
    which = "the cosine distance" if metric == "cosine" else "a function of one's own"
    raise ValueError(
        f"{what} needs the metric 'euclidean' or 'l1': {which} need not obey the triangle "
        "inequality, so that prices are no Lipschitz function; `potentials` has them at the points"
    )


def distances(x: ArrayLike | Discrete, y: ArrayLike | Discrete, metric: Any = "euclidean") -> Array:
    """Ground distances d(x_i, y_j), shape (n, m), to about 1e-12 relative even far from 0.

    Examples
    --------
    >>> distances([[0, 0]], [[3, 4], [0, 1]])
    array([[5., 1.]])
    """
    check_metric(metric)
    mu, nu = as_pair(x, y)
    require(8.0 * mu.n * nu.n, f"a matrix of {mu.n} x {nu.n} distances", "take fewer points")
    return pairwise(mu.points, nu.points, metric)


def pairwise(x: Array, y: Array, metric: Any) -> Array:
    """`distances` between bare arrays of points, shapes (n, d) and (m, d)."""
    if callable(metric):
        return _of_function(metric, x, y)
    if metric == "cosine":
        u, v = _directions(x, "x"), _directions(y, "y")
        return cdist(u, v, "sqeuclidean") / 2  # 1 - u.v would cancel
    if metric != "euclidean":
        return cdist(x, y, METRICS[metric])
    length = cdist(x, y) if x.shape[1] < GEMM_DIMENSION else _expanded(x, y)
    if any(((z != 0) & (np.abs(z) < TINY)).any() for z in (x, y)):  # squares may underflow
        close = np.argwhere(length < TINY)
        for rows, columns in _parts(close, x.shape[1]):
            length[rows, columns] = along(x[rows], y[columns], metric)
    return length


def _expanded(x: Array, y: Array) -> Array:
    """Euclidean distances by one product of matrices."""
    center = (x.mean(axis=0) + y.mean(axis=0)) / 2
    u, v = x - center, y - center
    square_u, square_v = (u**2).sum(axis=1), (v**2).sum(axis=1)
    square = u @ (-2 * v.T)  # (n, m)
    square += square_u[:, None]
    square += square_v
    # |u|^2 + |v|^2 - 2 u.v cancels where the points are close: those pairs again, by difference
    close = np.argwhere(square < 1e-4 * (square_u.max() + square_v.max()))
    for rows, columns in _parts(close, x.shape[1]):
        square[rows, columns] = ((x[rows] - y[columns]) ** 2).sum(axis=1)
    return np.sqrt(square, out=square)


def _parts(pairs: Any, dim: int) -> Iterator[Any]:
    """Rows and columns of pairs, in parts whose points fit the cache's budget."""
    return (part.T for part in np.array_split(pairs, 1 + len(pairs) * dim // BLOCK_ENTRIES))


def along(x: Array, y: Array, metric: str) -> Array:
    """Distances d(x_i, y_i) of pairs, shape (k,), of which no square underflows."""
    difference = np.abs(x - y)
    if metric == "l1":
        return difference.sum(axis=1)
    largest = difference.max(axis=1)
    unit = np.where(largest > 0, largest, 1.0)
    return largest * np.sqrt(((difference / unit[:, None]) ** 2).sum(axis=1))


def _directions(points: Array, name: str) -> Array:
    """Points on the unit sphere, by two divisions so that no square underflows."""
    length = np.abs(points).max(axis=1, keepdims=True)
    if not length.all():
        row = int(np.argmin(length))
        raise ValueError(f"{name} has the point 0 in row {row}, which has no direction: drop it")
    points = points / length
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def _of_function(metric: Callable[[Array, Array], ArrayLike], x: Array, y: Array) -> Array:
    """What a function makes of copies of both point sets, checked."""
    shape, told = (len(x), len(y)), getattr(metric, "__name__", type(metric).__name__)
    wanted = (
        f"it is called once with both point sets, shapes {x.shape} and {y.shape}, and returns all "
        f"distances, shape {shape}; of a function of two points make one with lambda x, y: "
        f"scipy.spatial.distance.cdist(x, y, {told})"
    )
    try:
        found = metric(x.copy(), y.copy())
    except Exception as error:
        raise ValueError(
            f"metric {told} failed with {type(error).__name__}: {error}; {wanted}"
        ) from error
    if np.shape(found) != shape:
        raise ValueError(f"metric {told} returned the shape {np.shape(found)}: {wanted}")
    return as_cost(found, shape)


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of the rows such that a block with `columns` columns fits the cache's budget."""
    step = max(1, BLOCK_ENTRIES // columns)
    return (slice(start, start + step) for start in range(0, rows, step))


def c_transform(z: Array, y: Array, g: Array, metric: Any, p: float = 1) -> Array:
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
