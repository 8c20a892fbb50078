"""Optimal transport on the line, by sorting: nothing is iterated.

The monotone plan, which matches mass in order, is optimal for every p >= 1. The work is two sorts;
plan and potentials are made when they are asked for.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from wganlab.exact.measures import Discrete
from wganlab.exact.solution import Solution, as_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wganlab.exact.solution import Array, Potentials

WEIGHT_ROUNDING = 1e-14
HUGE = 1e200


def quantiles(mu: Discrete, nu: Discrete, p: float) -> Solution:
    """The monotone plan on the line: mass is matched in order, quantile by quantile.

    The plan is a staircase through the sorted points. Along it each step moves one point, so
    potentials are sums of cost differences; they are feasible everywhere because |x - y|^p is a
    Monge cost (Hoffman 1963), which is also why the plan is optimal. For p = 1 they are the values
    of one function, the critic.
    """
    x, y = mu.points[:, 0], nu.points[:, 0]
    if mu.n == nu.n and _uniform(mu.weights) and _uniform(nu.weights):
        return _sorted_pairs(mu, nu, p)
    rows, columns = np.flatnonzero(mu.weights), np.flatnonzero(nu.weights)
    order_x, order_y = rows[np.argsort(x[rows])], columns[np.argsort(y[columns])]
    levels = [_cumulative(mu.weights[order_x])[:-1], _cumulative(nu.weights[order_y])[:-1]]
    steps = np.argsort(np.concatenate(levels), kind="stable")  # (n + m - 2,)
    moves_x = steps < len(rows) - 1
    i = order_x[np.concatenate([[0], np.cumsum(moves_x)])]  # (n + m - 1,)
    j = order_y[np.concatenate([[0], np.cumsum(~moves_x)])]
    mass = np.diff(np.concatenate(levels)[steps], prepend=0.0, append=1.0)
    kept = mass > 0
    length = np.abs(x[i[kept]] - y[j[kept]])
    scale = float(length.max()) or 1.0

    @cache
    def potentials() -> Potentials:
        if p == 1:
            return _line_critic(mu, nu, scale)
        return _staircase(mu, nu, p, scale, i, j, kept)

    return Solution(
        primal=float(mass[kept] @ (length / scale) ** p),
        dual=lambda: float(mu.weights @ potentials()[0] + nu.weights @ potentials()[1]),
        scale=scale,
        solver="quantiles",
        plan=lambda: as_plan(mass[kept], i[kept], j[kept], (mu.n, nu.n)),
        potentials=potentials,
    )


def _line_critic(mu: Discrete, nu: Discrete, scale: float) -> Potentials:
    """Potentials f and -f for p = 1: f has slope sign(G - F) between neighboring points."""
    z = np.concatenate([mu.points[:, 0], nu.points[:, 0]])
    order = np.argsort(z)
    excess = np.cumsum(np.concatenate([mu.weights, -nu.weights])[order])[:-1]  # F - G
    slope = np.where(np.abs(excess) > WEIGHT_ROUNDING, -np.sign(excess), 0.0)
    rise = slope * (np.diff(z[order]) / scale)
    f = _unsorted(np.concatenate([[0], np.cumsum(rise)]), order)
    return f[: mu.n], -f[mu.n :]


def _staircase(
    mu: Discrete, nu: Discrete, p: float, scale: float, i: Any, j: Any, kept: Any
) -> Potentials:
    """Potentials for p > 1: f_i + g_j = cost on the staircase of cells (i, j).

    Where the staircase carries no mass, f may rise by anything between what the two neighboring
    cells allow, and rises as little as it can, so that long ways that nobody takes leave no trace.
    """
    x, y = mu.points[:, 0], nu.points[:, 0]
    cost = _line_cost(x[i], y[j], scale, p)
    rise = np.diff(cost)
    moves_x = i[1:] != i[:-1]
    tie = np.flatnonzero(~kept)
    tie = tie[(tie > 0) & (tie < len(kept) - 1)]
    tie = tie[moves_x[tie - 1] & ~moves_x[tie]]  # over to the next x, then to the next y
    least = cost[tie + 1] - _line_cost(x[i[tie - 1]], y[j[tie + 1]], scale, p)
    rise[tie - 1] = np.clip(0.0, least, rise[tie - 1])
    rise[tie] = cost[tie + 1] - cost[tie - 1] - rise[tie - 1]

    f, g = np.full(mu.n, np.nan), np.full(nu.n, np.nan)
    f[i[0]], g[j[0]] = 0, cost[0]
    f[i[1:][moves_x]] = np.cumsum(rise[moves_x])
    g[j[1:][~moves_x]] = cost[0] + np.cumsum(rise[~moves_x])
    taken = ~np.isnan(f)  # the others have no mass
    for z, of, other, known, prices in ((y, g, x, taken, f), (x, f, y, ~np.isnan(y), g)):
        for k in np.flatnonzero(np.isnan(of)):
            of[k] = (_line_cost(z[k], other[known], scale, p) - prices[known]).min()
    return f, g


def _line_cost(x: Any, y: Any, scale: float, p: float) -> Array:
    """(|x - y| / scale)^p, at most HUGE: ways so long are never taken, and prices stay finite."""
    with np.errstate(over="ignore"):
        return np.minimum((np.abs(x - y) / scale) ** p, HUGE)


def _sorted_pairs(mu: Discrete, nu: Discrete, p: float) -> Solution:
    """`quantiles` for n and n points of equal weights: the k-th smallest goes to the k-th."""
    n, x, y = mu.n, mu.points[:, 0], nu.points[:, 0]
    length = np.sort(x)
    length -= np.sort(y)  # in place throughout: on the line, fresh memory is half of the time
    np.abs(length, out=length)
    scale = float(length.max()) or 1.0
    length /= scale
    if p != 1:
        length **= p

    @cache
    def orders() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        return np.argsort(x), np.argsort(y)

    @cache
    def potentials() -> Potentials:
        order_x, order_y = orders()
        low_x, low_y = x[order_x], y[order_y]
        pairs = _line_cost(low_x, low_y, scale, p)
        most = _line_cost(low_x[1:], low_y[:-1], scale, p) - pairs[:-1]
        least = pairs[1:] - _line_cost(low_x[:-1], low_y[1:], scale, p)
        f = np.concatenate([[0], np.cumsum(np.clip(0.0, least, most))])  # as in `_staircase`
        return _unsorted(f, order_x), _unsorted(pairs - f, order_y)

    def plan() -> sparse.csr_array:
        targets = np.empty(n, dtype=np.int64)
        targets[orders()[0]] = orders()[1]
        return sparse.csr_array((np.full(n, 1 / n), targets, np.arange(n + 1)), shape=(n, n))

    return Solution(
        primal=float(length.mean()),
        dual=lambda: float(potentials()[0].mean() + potentials()[1].mean()),
        scale=scale,
        solver="quantiles",
        plan=plan,
        potentials=potentials,
    )


def _unsorted(values: Array, order: NDArray[np.intp]) -> Array:
    given = np.empty_like(values)
    given[order] = values
    return given


def _uniform(weights: Array) -> bool:
    return weights.strides == (0,) or bool((weights == weights[0]).all())


def _cumulative(weights: Array) -> Array:
    """Cumulative weights; k / n to the last bit when uniform, so that equal levels tie exactly."""
    if _uniform(weights):
        return np.arange(1, len(weights) + 1) / len(weights)
    total = np.cumsum(weights)
    return np.minimum(total / total[-1], 1.0)
