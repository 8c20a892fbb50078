"""Exact optimal transport between two finite measures.

    W_p(P, Q) = ( min over plans pi with marginals P and Q of  sum_ij pi_ij d(x_i, y_j)^p )^(1/p)
              = ( max of  sum_i a_i f_i + sum_j b_j g_j  with  f_i + g_j <= d(x_i, y_j)^p )^(1/p)

The second line is the dual (Kantorovich 1942; Arjovsky et al. 2017, equation 2, for p = 1). A value
named after a distance is the distance: `wasserstein(..., p=2).value` is W2, not its square. The
ground distance d is Euclidean unless asked otherwise, and squared Euclidean is no distance here.

Two solvers, picked by the problem: sorting on the line (the monotone plan is optimal for every
p >= 1), POT's network simplex elsewhere. Both return a plan and potentials, and both are held to a
primal-dual gap of 1e-9 relative, or 1e-14 of the largest cost where that is more: float64
resolves no finer.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.spatial.distance import cdist

from wganlab.exact.measures import (
    LARGEST_COST_SPREAD,
    Discrete,
    as_cost,
    as_discrete,
    as_pair,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

GAP_TOLERANCE = 1e-9
RESOLUTION = 1e-14
MAX_PIVOTS = 2_000_000_000
GEMM_DIMENSION = 16


@dataclass(frozen=True, eq=False)
class Transport:
    """An optimal plan with its proof.

    Attributes
    ----------
    value : float
        W_p, in the unit of the ground distance.
    plan : scipy.sparse.csr_array, shape (n, m)
        Mass moved from x_i to y_j.
    potentials : (f, g), arrays of shape (n,) and (m,)
        Optimal dual variables: f_i + g_j <= d(x_i, y_j)^p, in the unit of d^p. For p = 1, f is
        the optimal critic at the points x, and -g at the points y.
    bound : float
        The dual value in the unit of d: by weak duality no plan costs less.
    gap : float
        (primal - dual) / primal of the linear program (0 if both are 0).
    solver : str
        "quantiles" or "network simplex".
    """

    value: float
    plan: sparse.csr_array
    potentials: tuple[NDArray[np.float64], NDArray[np.float64]]
    bound: float
    gap: float
    solver: str


def emd(
    x: ArrayLike | Discrete,
    y: ArrayLike | Discrete,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
) -> float:
    """Earth mover's distance W1 with Euclidean ground distance.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,); or Discrete
        Points; 1-D input is points on the line.
    a, b : array_like, shapes (n,) and (m,), optional
        Weights, non-negative and of sum 1; uniform by default.

    Returns
    -------
    float
        W1, in the unit of the points.

    Raises
    ------
    ValueError
        If the input is bad (see `wganlab.exact.measures`).
    RuntimeError
        If the solver's answer could not be certified.

    Examples
    --------
    >>> emd([0, 1, 3], [5, 6, 8])
    5.0
    """
    return wasserstein(x, y, a, b).value


def wasserstein(
    x: ArrayLike | Discrete | None,
    y: ArrayLike | Discrete | None,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    p: float = 1,
    metric: str | ArrayLike = "euclidean",
) -> Transport:
    """Wasserstein distance W_p with its optimal plan and potentials.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,); or Discrete; or None
        Points; 1-D input is points on the line. None only beside a given matrix.
    a, b : array_like, shapes (n,) and (m,), optional
        Weights, non-negative and of sum 1; uniform by default.
    p : float
        Order, at least 1.
    metric : "euclidean", "l1", or array_like of shape (n, m)
        Ground distance, or the matrix of ground distances d(x_i, y_j) >= 0, which is raised to
        the power p like any other.

    Raises
    ------
    ValueError
        If the input is bad, or the metric or order is none of the above.
    RuntimeError
        If the solver's answer could not be certified.

    Examples
    --------
    >>> result = wasserstein([[0, 0], [0, 1]], [[3, 4], [3, 5]], p=2)
    >>> result.value, result.plan.toarray()
    (5.0, array([[0.5, 0. ],
           [0. , 0.5]]))
    >>> wasserstein(None, None, [0.5, 0.5], [1, 0], metric=[[0, 1], [1, 0]]).value
    0.5

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), sections 2.3 to 2.5 and 3.5.
    """
    if not 1 <= p < np.inf:
        raise ValueError(f"p = {p}: the order of a Wasserstein distance is a number from 1 up")
    if not isinstance(metric, str):
        d = as_cost(metric)
        mu, nu = (
            as_discrete(np.arange(size) if law is None else law, weights, name)
            for size, law, weights, name in zip(d.shape, (x, y), (a, b), "xy", strict=True)
        )
        if d.shape != (mu.n, nu.n):
            raise ValueError(f"the cost matrix has shape {d.shape}, expected ({mu.n}, {nu.n})")
        result = _network_simplex(d, mu.weights, nu.weights, p)
        if d.max() > LARGEST_COST_SPREAD * result.value > 0:
            raise ValueError(
                f"the costs spread too far: the largest is {d.max():.3g} and the answer about "
                f"{result.value:.3g}, more than float64 resolves; a cost that stands for "
                '"forbidden" need only exceed the sum of the true ones'
            )
        return result
    mu, nu = as_pair(x, y, a, b)
    _check_metric(metric)
    if mu.dim == 1:
        return _on_the_line(mu, nu, p)
    return _network_simplex(distances(mu, nu, metric), mu.weights, nu.weights, p)


def distances(x: Discrete, y: Discrete, metric: str = "euclidean") -> NDArray[np.float64]:
    """Ground distances d(x_i, y_j), shape (n, m), to nearly the last bit even far from 0.

    Examples
    --------
    >>> distances(Discrete([[0, 0]]), Discrete([[3, 4], [0, 1]]))
    array([[5., 1.]])
    """
    _check_metric(metric)
    if metric == "l1":
        return cdist(x.points, y.points, "cityblock")
    if x.dim < GEMM_DIMENSION:
        return cdist(x.points, y.points, "euclidean")
    center = (x.points.mean(axis=0) + y.points.mean(axis=0)) / 2
    u, v = x.points - center, y.points - center
    lengths = (u**2).sum(axis=1)[:, None] + (v**2).sum(axis=1)  # (n, m)
    square = lengths - 2 * (u @ v.T)
    # |u|^2 + |v|^2 - 2 u.v cancels where the points are close: those pairs again, by difference
    close = np.argwhere(square < 1e-4 * lengths)
    for part in np.array_split(close, 1 + len(close) * x.dim // 10**7):
        rows, columns = part.T
        square[rows, columns] = ((x.points[rows] - y.points[columns]) ** 2).sum(axis=1)
    return np.sqrt(square, out=square)


def _check_metric(metric: str) -> None:
    if "sq" in metric:
        raise ValueError(
            f"metric={metric!r} is a cost, not a distance: for W2 ask p=2 with "
            "metric='euclidean'; the squared cost is then .value**2"
        )
    if metric not in ("euclidean", "l1"):
        raise ValueError(
            f"metric={metric!r}: expected 'euclidean', 'l1', or a matrix of ground distances"
        )


def _on_the_line(mu: Discrete, nu: Discrete, p: float) -> Transport:
    """The monotone plan: mass is matched in order, quantile by quantile.

    The plan is a staircase through the sorted points. Along it each step moves one point, so the
    potentials are sums of cost differences; they are feasible because |x - y|^p is a Monge cost.
    """
    order_x, order_y = np.argsort(mu.points[:, 0]), np.argsort(nu.points[:, 0])
    x, y = mu.points[order_x, 0], nu.points[order_y, 0]
    a, b = mu.weights[order_x], nu.weights[order_y]
    levels = np.concatenate([_cumulative(a)[:-1], _cumulative(b)[:-1]])
    steps = np.argsort(levels, kind="stable")  # (n + m - 2,)
    moves_x = steps < mu.n - 1
    i = np.concatenate([[0], np.cumsum(moves_x)])  # (n + m - 1,)
    j = np.concatenate([[0], np.cumsum(~moves_x)])
    mass = np.diff(levels[steps], prepend=0.0, append=1.0)

    distance = np.abs(x[i] - y[j])
    scale = float(distance.max()) or 1.0
    cost = (distance / scale) ** p
    difference = np.diff(cost)
    f, g = np.zeros(mu.n), np.zeros(nu.n)
    f[1:] = np.cumsum(difference[moves_x])
    g[1:] = np.cumsum(difference[~moves_x])
    g += cost[0]

    kept = mass > 0
    plan = sparse.coo_array(
        (mass[kept], (order_x[i[kept]], order_y[j[kept]])), shape=(mu.n, nu.n)
    ).tocsr()
    primal, dual = float(mass @ cost), float(a @ f + b @ g)
    # back to the order in which the points were given
    f[order_x], g[order_y] = f.copy(), g.copy()
    return _certified(primal, dual, plan, (f, g), scale=scale, p=p, solver="quantiles")


def _cumulative(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cumulative weights; k / n to the last bit when uniform, so that equal levels tie exactly."""
    if (weights == weights[0]).all():
        return np.arange(1, len(weights) + 1) / len(weights)
    total = np.cumsum(weights)
    return np.minimum(total / total[-1], 1.0)


def _network_simplex(
    distance: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64], p: float
) -> Transport:
    """POT's network simplex (Bonneel et al. 2011) on costs scaled to a largest of 1.

    The scaling matters: POT prices with an absolute tolerance, and returns a plan 5 % above the
    optimum without a word where all costs are near 1e-15.
    """
    import ot  # takes a second, and loads torch where it is installed

    scale = float(distance.max()) or 1.0
    cost = (distance / scale) ** p if p != 1 else distance / scale
    rows, columns = np.flatnonzero(a), np.flatnonzero(b)
    whole = len(rows) == len(a) and len(columns) == len(b)
    active = cost if whole else cost[np.ix_(rows, columns)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the status below is read instead
        flow, log = ot.emd(
            a[rows], b[columns], active, numItermax=MAX_PIVOTS, log=True, check_marginals=False
        )
    if log["warning"] is not None:
        raise RuntimeError(f"the network simplex stopped early: {log['warning']}")
    source, target = np.nonzero(flow)
    mass = flow[source, target]
    plan = sparse.coo_array((mass, (rows[source], columns[target])), shape=cost.shape).tocsr()
    for marginal, axis in ((a, 1), (b, 0)):
        if np.abs(plan.sum(axis=axis) - marginal).max() > GAP_TOLERANCE / len(marginal):
            raise RuntimeError("the network simplex left mass unplaced")

    # c-transforms make the potentials feasible to the last bit, at points of no mass too
    g = ((cost if whole else cost[rows]) - log["u"][:, None]).min(axis=0)  # (m,)
    f = (cost - g).min(axis=1)  # (n,)
    primal, dual = float(mass @ active[source, target]), float(a @ f + b @ g)
    return _certified(primal, dual, plan, (f, g), scale=scale, p=p, solver="network simplex")


def _certified(
    primal: float,
    dual: float,
    plan: sparse.csr_array,
    potentials: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    scale: float,
    p: float,
    solver: str,
) -> Transport:
    """The result in the user's unit, if primal and dual agree (both for costs of at most 1)."""
    difference = primal - dual
    if not abs(difference) <= max(GAP_TOLERANCE * primal, RESOLUTION):
        raise RuntimeError(
            f"the {solver} solver left a gap of {difference:.2g} between primal {primal:.6g} and "
            "dual: the costs spread too far for float64; choose comparable scales"
        )
    f, g = potentials
    return Transport(
        value=scale * primal ** (1 / p),
        plan=plan,
        potentials=(scale**p * f, scale**p * g),
        bound=scale * max(dual, 0.0) ** (1 / p),
        gap=difference / primal if primal > 0 else 0.0,
        solver=solver,
    )
