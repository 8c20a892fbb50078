"""Which solver: picked by the problem.

- Sorting on the line (`wganlab.exact.quantiles`), for 'euclidean' and 'l1', which agree there.
- The network simplex on the matrix of costs; where that matrix would not fit into memory and the
  dimension is low, the lazy one, which computes costs as it needs them (`wganlab.exact.simplex`).
- Around ways that do not exist, of infinite cost, another pass (`wganlab.exact.forbidden`); for
  p = inf halving (`wganlab.exact.bottleneck`).
- For p = 1, mass that lies at the same point in both measures stays where it is, and only the rest
  is transported (`cancelled`).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from wganlab.exact.bottleneck import bottleneck, bottleneck_on_line
from wganlab.exact.forbidden import around
from wganlab.exact.ground import METRICS, c_transform, pairwise
from wganlab.exact.measures import Discrete
from wganlab.exact.memory import available, require
from wganlab.exact.quantiles import quantiles
from wganlab.exact.simplex import lazy_network_simplex, network_simplex
from wganlab.exact.solution import Solution, as_plan

if TYPE_CHECKING:
    from wganlab.exact.solution import Array, Potentials

# The dense solver holds about five matrices of n m float64; past this many bytes, the lazy one.
DENSE_BYTES = 6e9
LAZY_BYTES = 0.3  # of the lazy one, for each of n m ways
LAZY_DIMENSION = 8
SURELY = 2e8  # bytes that any machine has


def solve(mu: Discrete, nu: Discrete, p: float, metric: Any) -> Solution:
    """Optimal transport from mu to nu by the solver that fits."""
    obeys_triangles = isinstance(metric, str) and metric in METRICS
    if mu.dim == 1 and obeys_triangles:
        return quantiles(mu, nu, p) if p < np.inf else bottleneck_on_line(mu, nu)
    if p == 1 and obeys_triangles:
        shared = common_mass(mu, nu)
        if len(shared[0]):
            return cancelled(mu, nu, metric, *shared)
    return _in_space(mu, nu, p, metric)


def of_costs(distance: Array, a: Array, b: Array, p: float) -> Solution:
    """Optimal transport for a matrix of ground distances, which is overwritten."""
    if p == np.inf:
        return bottleneck(distance, a, b)
    if distance.max() == np.inf:
        return around(distance, a, b, p)
    return network_simplex(distance, a, b, p)


def _in_space(mu: Discrete, nu: Discrete, p: float, metric: Any) -> Solution:
    needed = 5.0 * 8 * mu.n * nu.n
    too_large = needed > DENSE_BYTES or (needed > SURELY and needed > available())
    known = metric == "euclidean" or (metric == "l1" and p == 1)
    told = f"exact transport between {mu.n} and {nu.n} points in dimension {mu.dim}"
    if too_large and mu.dim <= LAZY_DIMENSION and p in (1, 2) and known:
        # it ends the process where it gets no memory
        require(LAZY_BYTES * mu.n * nu.n, told, "take fewer points, a sample of each cloud")
        return lazy_network_simplex(mu, nu, p, metric)
    require(
        needed,
        told,
        f"take fewer points, a sample of each cloud; in up to {LAZY_DIMENSION} dimensions, for "
        "p = 1 and 2 and 'euclidean', no matrix is needed",
    )
    return of_costs(pairwise(mu.points, nu.points, metric), mu.weights, nu.weights, p)


def common_mass(mu: Discrete, nu: Discrete) -> tuple[Any, Any, Any]:
    """Pairs (i, j) of equal points and the mass that both measures have there: three arrays."""
    shared = np.isin(mu.points[:, 0], nu.points[:, 0])  # quick: without it, nothing is shared
    places: dict[bytes, list[int]] = {}
    if shared.any():
        for j, key in enumerate(_keys(nu.points)):
            places.setdefault(key, []).append(j)
    rows_of_mu = np.flatnonzero(shared)
    left, found = nu.weights.tolist(), []
    for i, key in zip(rows_of_mu.tolist(), _keys(mu.points[rows_of_mu]), strict=True):
        need = float(mu.weights[i])
        for j in places.get(key, ()):
            mass = min(need, left[j])
            if mass > 0:
                found.append((i, j, mass))
                need, left[j] = need - mass, left[j] - mass
    rows, columns, masses = zip(*found, strict=True) if found else ((), (), ())
    return np.array(rows, int), np.array(columns, int), np.array(masses, float)


def _keys(points: Array) -> list[bytes]:
    """The bytes of each point; -0.0 and 0.0 are the same point."""
    whole, size = (points + 0.0).tobytes(), 8 * points.shape[1]
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def cancelled(
    mu: Discrete, nu: Discrete, metric: str, rows: Any, columns: Any, masses: Array
) -> Solution:
    """W1 with common mass left in place, and the rest transported.

    It keeps the value. W1 is the largest E_P f - E_Q f over 1-Lipschitz f (Kantorovich and
    Rubinstein), and that sees P - Q only: subtracting one measure from both changes nothing. The
    critic of what is left is optimal for the whole, and gives the potentials f and -f everywhere.
    """
    a, b = mu.weights.copy(), nu.weights.copy()
    np.subtract.at(a, rows, masses)
    np.subtract.at(b, columns, masses)
    kept_a, kept_b = np.flatnonzero(a > 0), np.flatnonzero(b > 0)
    rest = (a[kept_a].sum() + b[kept_b].sum()) / 2
    stay = sparse.coo_array((masses, (rows, columns)), shape=(mu.n, nu.n)).tocsr()
    if len(kept_a) == 0 or len(kept_b) == 0:
        zeros = np.zeros(mu.n), np.zeros(nu.n)
        return Solution(0.0, lambda: 0.0, 1.0, "network simplex", lambda: stay, lambda: zeros)
    source = Discrete(mu.points[kept_a], a[kept_a] / a[kept_a].sum())
    target = Discrete(nu.points[kept_b], b[kept_b] / b[kept_b].sum())
    part = _in_space(source, target, 1, metric)

    def plan() -> sparse.csr_array:
        moves = part.plan().tocoo()
        rows, columns = kept_a[moves.row], kept_b[moves.col]
        return stay + as_plan(rest * moves.data, rows, columns, (mu.n, nu.n))

    @cache
    def potentials() -> Potentials:
        prices = part.scale * part.potentials()[1]
        f, minus_g = (
            c_transform(points, target.points, prices, metric) / part.scale
            for points in (mu.points, nu.points)
        )
        return f, -minus_g

    return Solution(
        primal=rest * part.primal,
        dual=lambda: rest * part.dual(),
        scale=part.scale,
        solver=part.solver,
        plan=plan,
        potentials=potentials,
    )
