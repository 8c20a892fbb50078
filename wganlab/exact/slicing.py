"""Sliced distances: what two clouds look like from many directions, each solved exactly.

    SW_p(P, Q) = ( mean over directions v of  W_p(v.P, v.Q)^p )^(1/p)
    max SW_p(P, Q) = max over directions v of  W_p(v.P, v.Q)

where v.P is the law of v.X on the line, X ~ P. Neither is above W_p. The directions are a Monte
Carlo sample, uniform on the sphere, or given.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab.exact.arrays import as_array, refuse_grad
from wganlab.exact.measures import Discrete, as_pair
from wganlab.exact.memory import require
from wganlab.exact.transport import wasserstein

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

# entries of one block of a matrix: 32 MB
BLOCK = 2**22


def sliced(
    x: ArrayLike | Discrete,
    y: ArrayLike | Discrete,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    rng: np.random.Generator | None = None,
    projections: int | ArrayLike = 200,
    p: float = 1,
) -> float:
    """Sliced W_p: the mean of order p, over random directions v, of W_p of the laws of v.X and v.Y.

    Each projection is solved exactly; the directions are a Monte Carlo sample, uniform on the
    sphere. For p = 1 the standard error is s / sqrt(projections), with s the standard deviation of
    W1 over directions. For a translation by t in R^d the value is c t and
    s = t sqrt(1 / d - c^2), where c = Gamma(d / 2) / (sqrt(pi) Gamma((d + 1) / 2)): about 3.4 % of
    the value at d = 2 and 5.3 % at large d with 200 projections. On the line the value is W_p,
    without error.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,); or Discrete
        Points; 1-D input is points on the line.
    a, b : array_like, shapes (n,) and (m,), optional
        Weights, non-negative and of sum 1; uniform by default.
    rng : numpy.random.Generator
        Source of the directions; not needed where they are given.
    projections : int, or array_like of shape (k, d)
        Number of directions, at least 1; or the directions, whose lengths do not matter.
    p : float
        Order, at least 1 and finite.

    Returns
    -------
    float
        In the unit of the points; never above W_p, and for p = 1 smaller by about sqrt(2 / (pi d))
        for a translation, so values of different dimensions do not compare.

    Raises
    ------
    ValueError
        If the input is bad.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> round(sliced([[0, 0]], [[3, 4]], rng=rng, projections=20_000), 1)  # 5 * 2 / pi
    3.2
    >>> sliced([[0, 0]], [[3, 4]], projections=[[1, 0], [0, 1]])
    3.5

    References
    ----------
    Bonneel et al., Sliced and Radon Wasserstein Barycenters of Measures (2015).
    """
    each = _from_directions("sliced", x, y, a, b, rng, projections, p)
    largest = float(each.max())
    if p == 1 or largest == 0:
        return float(each.mean())
    return largest * float(((each / largest) ** p).mean()) ** (1 / p)


def max_sliced(
    x: ArrayLike | Discrete,
    y: ArrayLike | Discrete,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    rng: np.random.Generator | None = None,
    projections: int | ArrayLike = 200,
    p: float = 1,
) -> float:
    """The largest W_p of the laws of v.X and v.Y over some directions v.

    Over all directions it is max-sliced W_p, of which this is a lower bound that rises with the
    number of directions; like it, it is never above W_p.

    Parameters and errors as for `sliced`.

    Examples
    --------
    >>> max_sliced([[0, 0]], [[3, 4]], projections=[[1, 0], [3, 4]])
    5.0

    References
    ----------
    Deshpande et al., Max-Sliced Wasserstein Distance and its Use for GANs (2019).
    """
    return float(_from_directions("max_sliced", x, y, a, b, rng, projections, p).max())


def _from_directions(
    what: str, x: Any, y: Any, a: Any, b: Any, rng: Any, projections: Any, p: float
) -> Array:
    """W_p seen from each direction, shape (k,)."""
    refuse_grad(what, x, y, a, b)
    mu, nu = as_pair(x, y, a, b)
    if not (isinstance(p, Real) and 1 <= p < np.inf):
        raise ValueError(f"p = {p!r}: expected an order from 1 up, and finite")
    directions = _directions(mu.dim, rng, projections)
    if mu.dim == 1:
        return np.array([wasserstein(mu, nu, p=p).value])
    center = (mu.points.mean(axis=0) + nu.points.mean(axis=0)) / 2
    u, v = mu.points - center, nu.points - center  # far from 0, dot products would cancel
    paired = mu.n == nu.n and np.ptp(mu.weights) == np.ptp(nu.weights) == 0
    found = []
    for some in np.array_split(directions, 1 + len(directions) * (mu.n + nu.n) // BLOCK):
        left, right = some @ u.T, some @ v.T  # (some, n), (some, m)
        if paired and p == 1:
            left.sort(axis=1)
            right.sort(axis=1)
            found.append(np.abs(left - right).mean(axis=1))
        else:
            laws = (mu.weights, nu.weights)
            rows = zip(left, right, strict=True)
            found.append(np.array([wasserstein(*row, *laws, p=p).value for row in rows]))
    return np.concatenate(found)


def _directions(dim: int, rng: Any, projections: Any) -> Array:
    """Unit vectors, shape (k, d)."""
    if isinstance(projections, Real):
        directions = _drawn(dim, rng, projections)
    else:
        given = as_array(projections, "projections")
        if given.ndim != 2 or given.shape[1] != dim or len(given) == 0:
            raise ValueError(
                f"projections has shape {given.shape}, expected a number of them or (k, {dim}), "
                "one direction a row"
                + (": pass projections.T" if given.ndim == 2 and len(given) == dim else "")
            )
        largest = np.abs(given).max(axis=1, keepdims=True)
        if not largest.all():
            raise ValueError(f"projections is 0 in row {int(np.argmin(largest))}: no direction")
        directions = given / largest
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions


def _drawn(dim: int, rng: Any, count: Real) -> Array:
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"rng is {type(rng).__name__}, expected a numpy Generator: "
            "pass numpy.random.default_rng(seed)"
        )
    if not isinstance(count, Integral) or count < 1:
        raise ValueError(f"projections = {count}: expected at least 1, a whole number")
    require(24.0 * int(count) * dim, f"{count} directions", "draw fewer")
    return rng.normal(size=(int(count), dim))
