"""W2 of normal laws in closed form, and the Fréchet distance of two clouds, which is built on it.

    W2(N(m, C), N(n, D))^2 = |m - n|^2 + tr(C + D - 2 (C^(1/2) D C^(1/2))^(1/2))

The second term is the square of the Bures distance of C and D, which is the least Frobenius norm of
A - B U over orthogonal U, where A A^T = C and B B^T = D (Bhatia, Jain and Lim 2019). It is computed
so: the trace would lose half of all digits between covariances that are close.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wganlab.exact import labels
from wganlab.exact.arrays import as_array
from wganlab.exact.measures import Discrete, as_pair

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

NAMES = ("mean_p", "covariance_p", "mean_q", "covariance_q")
ROUNDING = 1e-9  # of the largest entry or eigenvalue of a covariance


def normal_w2(
    mean_p: ArrayLike, covariance_p: ArrayLike, mean_q: ArrayLike, covariance_q: ArrayLike
) -> float:
    """W2 of two normal laws, Euclidean ground distance.

    Parameters
    ----------
    mean_p, mean_q : array_like, shape (d,), or numbers for d = 1
    covariance_p, covariance_q : array_like, shape (d, d), or numbers: variances, for d = 1
        Symmetric, with no negative eigenvalue; singular ones will do. Labels, such as of the
        columns of frames, are brought into one order.

    Returns
    -------
    float
        W2, not its square.

    Raises
    ------
    ValueError
        If a covariance is none, or the shapes do not match.

    Examples
    --------
    >>> round(normal_w2(0, 1, 3, 25), 12)
    5.0

    References
    ----------
    Givens and Shortt, A Class of Wasserstein Metrics for Probability Distributions (1984).
    """
    (mean_p, covariance_p, mean_q, covariance_q) = _in_one_order(
        (mean_p, covariance_p, mean_q, covariance_q)
    )
    means = [np.atleast_1d(mean) for mean in (mean_p, mean_q)]
    if means[0].ndim != 1 or means[0].shape != means[1].shape:
        raise ValueError(
            f"the means have shapes {means[0].shape} and {means[1].shape}, expected (d,) twice"
        )
    roots = [
        _root(matrix, name, len(means[0]))
        for matrix, name in ((covariance_p, "covariance_p"), (covariance_q, "covariance_q"))
    ]
    return float(np.hypot(np.linalg.norm(means[0] - means[1]), _bures(*roots)))


def frechet(x: ArrayLike | Discrete, y: ArrayLike | Discrete) -> float:
    """Fréchet distance of two clouds: W2 of the normal laws with their means and covariances.

    Of features of images its square is what papers call FID (Heusel et al. 2017). It sees two
    moments and nothing else, and for samples of one law it is positive.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,)
        Features, at least two points each, of equal weights. Covariances are those of samples,
        with n - 1.

    Returns
    -------
    float
        In the unit of the features: not the square.

    Raises
    ------
    ValueError
        If the input is bad.

    Examples
    --------
    >>> round(frechet([0.0, 2.0], [10.0, 12.0]), 12)
    10.0
    """
    mu, nu = as_pair(x, y)
    for law, name in ((mu, "x"), (nu, "y")):
        if law.n < 2 or np.ptp(law.weights):
            raise ValueError(f"{name} has {law.n} points: give two or more, of equal weights")
    means = [law.points.mean(axis=0) for law in (mu, nu)]
    roots = [
        _factor(law.points - mean) / np.sqrt(law.n - 1)
        for law, mean in zip((mu, nu), means, strict=True)
    ]
    return float(np.hypot(np.linalg.norm(means[0] - means[1]), _bures(*roots)))


def _factor(centered: Array) -> Array:
    """A square A with A A^T = centered^T centered, from points in rows, shape (n, d)."""
    n, d = centered.shape
    upper: Array = np.asarray(np.linalg.qr(centered, mode="r"))
    lower = upper.T  # (d, min(n, d))
    return np.pad(lower, ((0, 0), (0, d - min(n, d))))


def _in_one_order(given: tuple[ArrayLike, ...]) -> list[Array]:
    """Means and covariances with their coordinates in the order of the first labels, if any.

    Raises
    ------
    ValueError
        If labels are not the same, or not in one order where some have none.
    """
    arrays = [as_array(values, name) for values, name in zip(given, NAMES, strict=True)]
    found = [
        (k, axis, which(given[k]))
        for k, array in enumerate(arrays)
        for axis, which in enumerate((labels.rows_of, labels.all_columns_of)[: array.ndim])
    ]
    named = [(NAMES[k], known) for k, _, known in found if known is not None]
    for k, axis, known in found if named else ():
        first, wanted = named[0]
        order = labels.in_order(wanted, known, NAMES[k], first, "labels")
        if order is not None and len(named) < len(found):
            raise ValueError(
                f"{NAMES[k]} has its labels in another order than {first}, and not all have "
                f"labels: label all four, or {labels.BARE}"
            )
        arrays[k] = arrays[k] if order is None else np.take(arrays[k], order, axis=axis)
    return arrays


def _root(matrix: Array, name: str, dim: int) -> Array:
    """A with A A^T = matrix, a covariance."""
    matrix = matrix.reshape(1, 1) if matrix.size == 1 else matrix
    if matrix.shape != (dim, dim):
        raise ValueError(f"{name} has shape {matrix.shape}, expected ({dim}, {dim})")
    largest = float(np.abs(matrix).max())
    if np.abs(matrix - matrix.T).max() > ROUNDING * largest:
        raise ValueError(f"{name} is not symmetric: a covariance is")
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    if values[0] < -ROUNDING * max(values[-1], 0):
        raise ValueError(
            f"{name} has the negative eigenvalue {values[0]:.3g}: a covariance has none"
        )
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)))


def _bures(first: Array, second: Array) -> float:
    """min |A - B U| over orthogonal U, which the singular vectors of B^T A give."""
    left, _, right = np.linalg.svd(second.T @ first)
    return float(np.linalg.norm(first - second @ (left @ right)))
