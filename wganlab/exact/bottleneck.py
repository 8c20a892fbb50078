"""W_inf, the bottleneck distance: the longest way of the plan whose longest way is shortest.

    W_inf(P, Q) = min over plans pi of  max { d(x_i, y_j) : pi_ij > 0 }  =  lim W_p as p -> inf

It is one of the distances d(x_i, y_j), so it is searched among them by halving: is there a plan
with no way longer than t? The network simplex answers for the costs 1[d > t], whose value is the
mass that has to go farther. The proof is of the same kind: potentials of the costs 1[d >= W_inf],
with f_i + g_j <= 1 on ways that long and <= 0 on shorter ones, are worth more than 0, and no plan
moves less mass as far as that. The monotone plan is optimal on the line for p = inf too.

Mass of the size of rounding, 4 (n + m) units of it, is not what decides.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_bipartite_matching

from wganlab.exact.ground import pairwise
from wganlab.exact.measures import Discrete
from wganlab.exact.memory import require
from wganlab.exact.quantiles import quantiles
from wganlab.exact.simplex import network_simplex
from wganlab.exact.solution import Solution

if TYPE_CHECKING:
    from collections.abc import Callable

    from wganlab.exact.solution import Array, Potentials


def bottleneck(distance: Array, a: Array, b: Array) -> Solution:
    """W_inf for a matrix of ground distances, shape (n, m), some of which may be infinite.

    Raises
    ------
    ValueError
        If no plan does without the infinite ones.
    """
    rows, columns = np.flatnonzero(a), np.flatnonzero(b)
    active = distance[np.ix_(rows, columns)]
    # everything has to go to its nearest place at least
    least = max(active.min(axis=1).max(), active.min(axis=0).max())
    levels = np.unique(active[active >= least])
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        if _reaches(active <= levels[middle], a[rows], b[columns]):
            high = middle
        else:
            low = middle + 1
    value = float(levels[low])
    if value == np.inf:
        raise ValueError(
            "infeasible: some of the mass has no way that is not forbidden (infinite, or absent "
            "from a sparse matrix): allow more ways; where an absent entry means a cost of 0, "
            "pass .toarray()"
        )
    return _solution(lambda: distance, a, b, value, None)


def bottleneck_on_line(mu: Discrete, nu: Discrete) -> Solution:
    """W_inf on the line, by sorting."""
    plan = quantiles(mu, nu, 1).plan()
    moves = plan.tocoo()
    length = np.abs(mu.points[moves.row, 0] - nu.points[moves.col, 0])
    value = float(length.max(where=moves.data > _slack(mu.n, nu.n), initial=0))

    def distance() -> Array:
        require(
            40.0 * mu.n * nu.n,
            f"the proof of W_inf between {mu.n} and {nu.n} points",
            "the value and the plan need none of it",
        )
        return pairwise(mu.points, nu.points, "euclidean")

    return _solution(distance, mu.weights, nu.weights, value, plan)


def _slack(n: int, m: int) -> float:
    return 4 * (n + m) * float(np.finfo(float).eps)


def _reaches(near: Any, a: Array, b: Array) -> bool:
    """Is there a plan on these ways alone?"""
    if len(a) == len(b) and (a == a[0]).all() and (b == b[0]).all():
        matched = maximum_bipartite_matching(sparse.csr_array(near), perm_type="column")
        return bool((matched >= 0).all())
    return network_simplex((~near).astype(float), a, b, 1).primal <= _slack(len(a), len(b))


def _solution(
    matrix: Callable[[], Array], a: Array, b: Array, value: float, plan: sparse.csr_array | None
) -> Solution:
    """The value with a plan, and potentials that prove it."""

    @cache
    def proof() -> Solution:
        return network_simplex((matrix() >= value).astype(float), a, b, 1)

    @cache
    def best() -> sparse.csr_array:
        if plan is not None:
            return plan
        moves = network_simplex((matrix() > value).astype(float), a, b, 1).plan().tocoo()
        near = matrix()[moves.row, moves.col] <= value  # the rest is rounding
        kept = moves.data[near], (moves.row[near], moves.col[near])
        return sparse.coo_array(kept, shape=moves.shape).tocsr()

    def potentials() -> Potentials:
        if value == 0:
            return np.zeros(len(a)), np.zeros(len(b))
        f, g = proof().potentials()
        return proof().scale * f, proof().scale * g

    def dual() -> float:
        worth = proof().scale * proof().dual() if value > 0 else 0.0
        return float(worth > _slack(len(a), len(b)))

    return Solution(
        primal=float(value > 0),
        dual=dual,
        scale=value,
        solver="bottleneck" if plan is None else "quantiles",
        plan=best,
        potentials=potentials,
    )
