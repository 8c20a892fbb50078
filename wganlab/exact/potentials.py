"""Certificates: what any function whatever proves about the distance between two clouds.

For any function f on the points x, the pair (f, f^c) with f^c(y) = min_i d(x_i, y) - f(x_i) is
feasible for the dual, so sum_i a_i f(x_i) + sum_j b_j f^c(y_j) <= W1: a lower bound that needs no
Lipschitz constant, because the transform repairs f where it is too steep. A critic of slope 1 that
is optimal certifies W1 itself; a critic scaled by 1000, or one that clipping made nearly flat,
certifies what it is worth.

What is returned is at most what `emd` returns, to the last bit: the roundings of both, of distances
and of sums over masses that are themselves rounded, are bounded and taken off. That is a few 1e-12
of the largest price for some hundred points; where a point is far and its mass near 1e-16, float64
has no more to prove.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab.exact import labels
from wganlab.exact.arrays import EPSILON, as_array
from wganlab.exact.ground import (
    GEMM_DIMENSION,
    METRICS,
    c_transform,
    check_metric,
    pairwise,
)
from wganlab.exact.measures import Discrete, as_pair

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

LARGEST_VALUE = 1e300  # differences of values stay finite


def certificate(
    f_x: ArrayLike,
    x: ArrayLike | Discrete,
    y: ArrayLike | Discrete,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    metric: Any = "euclidean",
) -> float:
    """Lower bound of W1 that the values of any function at the points x yield.

    Parameters
    ----------
    f_x : array_like, shape (n,) or (n, 1)
        A critic at the points x; it need not be Lipschitz, and its offset does not matter. With
        labels it follows those of x.
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,); or Discrete
        Points of the two laws.
    a, b : array_like, shapes (n,) and (m,), optional
        Weights, non-negative and of sum 1; uniform by default.
    metric : "euclidean", "l1", "cosine", or callable
        Ground distance, as for `wasserstein`.

    Returns
    -------
    float
        mean f(x_i) + mean_j min_i (d(x_i, y_j) - f(x_i)), less its rounding: at most W1 of the two
        measures, and what `emd` returns. It may be negative, which proves nothing: W1 is at least
        0.

    Raises
    ------
    ValueError
        If the input is bad, or `f_x` has not one finite value for each point of x.

    Examples
    --------
    >>> x, y = [[0, 0], [1, 0]], [[3, 0], [4, 0]]
    >>> round(certificate([0, -1], x, y), 12)  # f(z) = -z_0: W1 itself
    3.0
    >>> round(certificate([0, -1000], x, y), 9)  # far too steep, and still a true bound
    -496.5
    """
    check_metric(metric)
    mu, nu = as_pair(x, y, a, b)
    values = as_array(f_x, "f_x")
    if values.shape not in ((mu.n,), (mu.n, 1)):
        raise ValueError(
            f"f_x has shape {values.shape}, expected ({mu.n},): one value for each point of x"
        )
    points = mu.points if isinstance(x, Discrete) else x
    order = labels.follow(points, f_x, "f_x", "x")
    f = values.ravel() if order is None else values.ravel()[order]
    if max(f.max(), -f.min()) > LARGEST_VALUE:
        raise ValueError(f"f_x has values beyond {LARGEST_VALUE:g}: divide it by a number")
    f = f - f[mu.weights > 0].max()  # a large offset would drown the distances
    transform = _transform(f, mu, nu, metric)  # (m,)
    value = float(mu.weights @ f + nu.weights @ transform)
    return value - _rounding(value, f, transform, mu, nu, metric)


def _transform(f: Array, mu: Discrete, nu: Discrete, metric: Any) -> Array:
    if isinstance(metric, str) and metric in METRICS:  # which are symmetric
        return c_transform(nu.points, mu.points, f, metric)
    return (pairwise(mu.points, nu.points, metric) - f[:, None]).min(axis=0)


def _rounding(value: float, f: Array, g: Array, mu: Discrete, nu: Discrete, metric: Any) -> float:
    """How far the rounding of a certificate and of EM may bring one above the other, at most.

    Distances are right to `relative`, here and in EM. Of masses, each rounding moves a unit of
    resolution, and there are some in each weight, in each step of a sum and in each way of a plan:
    sixteen half units for every point are more than all of them, times the largest price.
    """
    dim = mu.dim
    relative, absolute = (dim + 8) * EPSILON, 0.0
    if metric == "euclidean" and dim >= GEMM_DIMENSION:
        # of expanded squares: `ground` takes them where they are 1e-4 of the largest
        relative = 5e3 * (dim + 32) * EPSILON
    if metric == "cosine":  # of differences of unit vectors
        absolute = 8 * (dim + 8) * EPSILON
    price = max(np.abs(f[mu.weights > 0]).max(), np.abs(g[nu.weights > 0]).max())
    masses = 8 * (mu.n + nu.n + 8) * EPSILON * float(price)
    return 2 * relative * max(value, 0.0) + masses + 2 * absolute
