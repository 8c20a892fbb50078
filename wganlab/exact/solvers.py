"""The solvers behind `wasserstein`, picked by the problem.

- Sorting on the line: the monotone plan is optimal for every p >= 1, and nothing is iterated.
- POT's network simplex (Bonneel et al. 2011) on the matrix of costs; where that matrix would not
  fit into memory and the dimension is low, POT's lazy one, which computes costs as it needs them.
- For p = 1, mass that lies at the same point in both measures stays where it is, and only the rest
  is transported (`cancelled`).

Costs are scaled to a largest of 1 before they are given to POT, and the answer is scaled back:
POT prices with an absolute tolerance, and where all costs are near 1e-15 it returns a plan several
percent above the optimum without a word.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from wganlab.exact.ground import blocks, c_transform, pairwise
from wganlab.exact.measures import Discrete

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Potentials = tuple[Array, Array]

MAX_PIVOTS = 2_000_000_000
MASS_TOLERANCE = 1e-9
# The dense solver holds about five matrices of n m float64; past this many bytes, the lazy one.
DENSE_BYTES = 6e9
LAZY_DIMENSION = 8


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver found, for costs (d / scale)^p; plan and potentials are made when asked for."""

    primal: float
    dual: float
    scale: float
    solver: str
    plan: Callable[[], sparse.csr_array]
    potentials: Callable[[], Potentials]


def solve(mu: Discrete, nu: Discrete, p: float, metric: str) -> Solution:
    """Optimal transport from mu to nu by the solver that fits."""
    if mu.dim == 1:
        return quantiles(mu, nu, p)
    if p == 1:
        shared = common_mass(mu, nu)
        if len(shared[0]):
            return cancelled(mu, nu, metric, *shared)
    too_large = 5 * 8 * mu.n * nu.n > DENSE_BYTES
    if too_large and mu.dim <= LAZY_DIMENSION and p in (1, 2) and (p == 1 or metric != "l1"):
        return lazy_network_simplex(mu, nu, p, metric)
    return network_simplex(pairwise(mu.points, nu.points, metric), mu.weights, nu.weights, p)


def quantiles(mu: Discrete, nu: Discrete, p: float) -> Solution:
    """The monotone plan on the line: mass is matched in order, quantile by quantile.

    The plan is a staircase through the sorted points. Along it each step moves one point, so the
    potentials are sums of cost differences; they are feasible everywhere because |x - y|^p is a
    Monge cost (Hoffman 1963).
    """
    if mu.n == nu.n and _uniform(mu.weights) and _uniform(nu.weights):
        return _sorted_pairs(mu.points[:, 0], nu.points[:, 0], p)
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
    f = np.concatenate([[0], np.cumsum(difference[moves_x])])  # (n,)
    g = cost[0] + np.concatenate([[0], np.cumsum(difference[~moves_x])])  # (m,)
    kept = mass > 0
    cells = mass[kept], (order_x[i[kept]], order_y[j[kept]])
    return Solution(
        primal=float(mass @ cost),
        dual=float(a @ f + b @ g),
        scale=scale,
        solver="quantiles",
        plan=lambda: sparse.coo_array(cells, shape=(mu.n, nu.n)).tocsr(),
        potentials=lambda: (_unsorted(f, order_x), _unsorted(g, order_y)),
    )


def _sorted_pairs(x: Array, y: Array, p: float) -> Solution:
    """`quantiles` for n and n points of equal weights: the k-th smallest goes to the k-th."""
    n = len(x)
    low_x, low_y = np.sort(x), np.sort(y)
    pairs = np.subtract(low_x, low_y)
    crossed = np.subtract(low_x[1:], low_y[:-1])  # the steps of the staircase between the pairs
    scale = float(max(np.abs(pairs, out=pairs).max(), np.abs(crossed, out=crossed).max(initial=0)))
    scale = scale or 1.0
    for cost in (pairs, crossed):
        cost /= scale
        if p != 1:
            cost **= p
    primal = float(pairs.mean())

    f, g = low_x, low_y  # fresh memory is what costs most here: these two are done with
    f[0], g[0] = 0, pairs[0]
    np.cumsum(np.subtract(crossed, pairs[:-1], out=f[1:]), out=f[1:])
    np.subtract(pairs[1:], crossed, out=g[1:])
    np.cumsum(g, out=g)

    def plan() -> sparse.csr_array:
        targets = np.empty(n, dtype=np.int64)
        targets[np.argsort(x)] = np.argsort(y)
        return sparse.csr_array((np.full(n, 1 / n), targets, np.arange(n + 1)), shape=(n, n))

    return Solution(
        primal=primal,
        dual=float(f.mean() + g.mean()),
        scale=scale,
        solver="quantiles",
        plan=plan,
        potentials=lambda: (_unsorted(f, np.argsort(x)), _unsorted(g, np.argsort(y))),
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


def network_simplex(distance: Array, a: Array, b: Array, p: float) -> Solution:
    """POT's network simplex on a matrix of ground distances, shape (n, m)."""
    import ot  # takes a second, and loads torch where it is installed

    scale = float(distance.max()) or 1.0
    cost = distance / scale
    if p != 1:
        cost **= p
    rows, columns = np.flatnonzero(a), np.flatnonzero(b)
    whole = len(rows) == len(a) and len(columns) == len(b)
    active = cost if whole else cost[np.ix_(rows, columns)]
    with _quiet():
        flow, log = ot.emd(
            a[rows], b[columns], active, numItermax=MAX_PIVOTS, log=True, check_marginals=False
        )
    source, target = np.nonzero(flow)
    mass = flow[source, target]
    _check(log, mass, source, target, a[rows], b[columns])
    primal = float(mass @ active[source, target])

    # c-transforms make the potentials feasible to the last bit, at points of no mass too
    g = np.full(len(b), np.inf)
    for block in blocks(len(rows), len(b)):
        part = cost[rows[block]] if not whole else cost[block]
        np.minimum(g, (part - log["u"][block, None]).min(axis=0), out=g)
    f = np.concatenate([(cost[block] - g).min(axis=1) for block in blocks(len(a), len(b))])
    return Solution(
        primal=primal,
        dual=float(a @ f + b @ g),
        scale=scale,
        solver="network simplex",
        plan=lambda: _plan(mass, rows[source], columns[target], cost.shape),
        potentials=lambda: (f, g),
    )


def lazy_network_simplex(mu: Discrete, nu: Discrete, p: float, metric: str) -> Solution:
    """POT's network simplex without the matrix: for p = 1, and p = 2 with Euclidean distance."""
    import ot

    rows, columns = np.flatnonzero(mu.weights), np.flatnonzero(nu.weights)
    corner = np.minimum(mu.points.min(axis=0), nu.points.min(axis=0))
    reach = np.maximum(mu.points.max(axis=0), nu.points.max(axis=0)) - corner
    scale = float(reach.sum() if metric == "l1" else np.linalg.norm(reach)) or 1.0
    x, y = (mu.points - corner) / scale, (nu.points - corner) / scale
    name = {1: {"euclidean": "euclidean", "l1": "cityblock"}[metric], 2: "sqeuclidean"}[int(p)]
    a, b = mu.weights, nu.weights
    with _quiet():
        _, log = ot.emd2_lazy(
            x[rows], y[columns], a[rows], b[columns], metric=name, numItermax=MAX_PIVOTS, log=True
        )
    flow = log["G"].tocoo()
    kept = flow.data > 0
    source, target, mass = flow.row[kept], flow.col[kept], flow.data[kept]
    _check(log, mass, source, target, a[rows], b[columns])
    i, j = rows[source], columns[target]
    length = np.linalg.norm(x[i] - y[j], axis=1, ord=1 if metric == "l1" else 2)
    g = c_transform(y, x[rows], log["u"], metric, p)
    f = c_transform(x, y, g, metric, p)
    return Solution(
        primal=float(mass @ length**p),
        dual=float(a @ f + b @ g),
        scale=scale,
        solver="lazy network simplex",
        plan=lambda: _plan(mass, i, j, (mu.n, nu.n)),
        potentials=lambda: (f, g),
    )


def common_mass(mu: Discrete, nu: Discrete) -> tuple[Any, Any, Any]:
    """Pairs (i, j) of equal points and the mass that both measures have there: three arrays."""
    shared = np.isin(mu.points[:, 0], nu.points[:, 0])  # quick: without it, nothing is shared
    places: dict[bytes, list[int]] = {}
    if shared.any():
        for j, point in enumerate(nu.points + 0.0):  # -0.0 and 0.0 are the same point
            places.setdefault(point.tobytes(), []).append(j)
    left = nu.weights.tolist()
    found = []
    for i in np.flatnonzero(shared).tolist():
        need = float(mu.weights[i])
        for j in places.get((mu.points[i] + 0.0).tobytes(), ()):
            mass = min(need, left[j])
            if mass > 0:
                found.append((i, j, mass))
                need, left[j] = need - mass, left[j] - mass
    rows, columns, masses = zip(*found, strict=True) if found else ((), (), ())
    return np.array(rows, int), np.array(columns, int), np.array(masses, float)


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
        return Solution(0.0, 0.0, 1.0, "network simplex", lambda: stay, lambda: zeros)
    source = Discrete(mu.points[kept_a], a[kept_a] / a[kept_a].sum())
    target = Discrete(nu.points[kept_b], b[kept_b] / b[kept_b].sum())
    part = solve(source, target, 1, metric)
    prices = part.scale * part.potentials()[1]
    f, minus_g = (
        c_transform(points, target.points, prices, metric) / part.scale
        for points in (mu.points, nu.points)
    )

    def plan() -> sparse.csr_array:
        moves = part.plan().tocoo()
        move = sparse.coo_array(
            (rest * moves.data, (kept_a[moves.row], kept_b[moves.col])), shape=(mu.n, nu.n)
        )
        return stay + move.tocsr()

    return Solution(
        primal=rest * part.primal,
        dual=float(mu.weights @ f - nu.weights @ minus_g),
        scale=part.scale,
        solver=part.solver,
        plan=plan,
        potentials=lambda: (f, -minus_g),
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without POT's warnings: the status that it returns is read instead."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def _check(log: dict[str, Any], mass: Array, source: Any, target: Any, a: Array, b: Array) -> None:
    """RuntimeError unless the solver finished, and placed all mass."""
    if log["warning"] is not None:
        raise RuntimeError(f"the network simplex stopped early: {log['warning']}")
    for marginal, index in ((a, source), (b, target)):
        placed = np.bincount(index, weights=mass, minlength=len(marginal))
        if np.abs(placed - marginal).max() > MASS_TOLERANCE / len(marginal):
            raise RuntimeError("the network simplex left mass unplaced")


def _plan(mass: Array, rows: Any, columns: Any, shape: tuple[int, ...]) -> sparse.csr_array:
    return sparse.coo_array((mass, (rows, columns)), shape=shape).tocsr()
