"""Certificates: what any function whatever proves about the distance between two clouds.

For any function f on the points x, the pair (f, f^c) with f^c(y) = min_i d(x_i, y) - f(x_i) is
feasible for the dual, so sum_i a_i f(x_i) + sum_j b_j f^c(y_j) <= W1: a lower bound that needs no
Lipschitz constant, because the transform repairs f where it is too steep. A critic of slope 1 that
is optimal certifies W1 itself; a critic scaled by 1000, or one that clipping made nearly flat,
certifies what it is worth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wganlab.exact.ground import c_transform, check_metric
from wganlab.exact.measures import as_array, as_pair

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wganlab.exact.measures import Discrete


def certificate(
    f_x: ArrayLike,
    x: ArrayLike | Discrete,
    y: ArrayLike | Discrete,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    metric: str = "euclidean",
) -> float:
    """Lower bound of W1 that the values of any function at the points x yield.

    Parameters
    ----------
    f_x : array_like, shape (n,) or (n, 1)
        A critic at the points x; it need not be Lipschitz, and its offset does not matter.
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,); or Discrete
        Points of the two laws.
    a, b : array_like, shapes (n,) and (m,), optional
        Weights, non-negative and of sum 1; uniform by default.
    metric : "euclidean" or "l1"
        Ground distance.

    Returns
    -------
    float
        mean f(x_i) + mean_j min_i (d(x_i, y_j) - f(x_i)), at most W1 of the two measures. It may
        be negative, which proves nothing: W1 is at least 0.

    Raises
    ------
    ValueError
        If the input is bad, or `f_x` has not one finite value for each point of x.

    Examples
    --------
    >>> x, y = [[0, 0], [1, 0]], [[3, 0], [4, 0]]
    >>> certificate([0, -1], x, y)  # f(z) = -z_0: W1 itself
    3.0
    >>> certificate([0, -1000], x, y)  # far too steep, and still a true bound
    -496.5
    """
    check_metric(metric)
    mu, nu = as_pair(x, y, a, b)
    values = as_array(f_x, "f_x")
    if values.shape not in ((mu.n,), (mu.n, 1)):
        raise ValueError(
            f"f_x has shape {values.shape}, expected ({mu.n},): one value for each point of x"
        )
    f = values.ravel() - values.max()  # a large offset would drown the distances
    transform = c_transform(nu.points, mu.points, f, metric)  # (m,)
    return float(mu.weights @ f + nu.weights @ transform)
