"""The solvers behind `wasserstein`, picked by the problem.

- Sorting on the line: the monotone plan is optimal for every p >= 1, and nothing is iterated.
- POT's network simplex (Bonneel et al. 2011) on the matrix of costs; where that matrix would not
  fit into memory and the dimension is low, POT's lazy one, which computes costs as it needs them.
- For p = 1, mass that lies at the same point in both measures stays where it is, and only the rest
  is transported (`cancelled`).

POT prices with an absolute tolerance: where all costs are near 1e-15, or a few are enormous beside
those that matter, it returns a plan percents above the optimum without a word. So costs are scaled
to a largest of 1, the gap between primal and dual is computed, and where it is not closed, costs
far above those that the plan pays are lowered and the problem is solved again
(`network_simplex`). An answer whose gap stays open raises.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
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
GAP_TOLERANCE = 1e-9
RESOLUTION = 1e-11
WEIGHT_ROUNDING = 1e-14
HUGE = 1e200
SPREAD = 100.0  # of the cap's cost over the longest way's, when a problem is solved again
# The dense solver holds about five matrices of n m float64; past this many bytes, the lazy one.
DENSE_BYTES = 6e9
LAZY_DIMENSION = 8


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver found, for costs (d / scale)^p; all but the value is made when asked for."""

    primal: float
    dual: Callable[[], float]
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
    return _in_space(mu, nu, p, metric)


def _in_space(mu: Discrete, nu: Discrete, p: float, metric: str) -> Solution:
    too_large = 5 * 8 * mu.n * nu.n > DENSE_BYTES
    if too_large and mu.dim <= LAZY_DIMENSION and p in (1, 2) and (p == 1 or metric != "l1"):
        return lazy_network_simplex(mu, nu, p, metric)
    return network_simplex(pairwise(mu.points, nu.points, metric), mu.weights, nu.weights, p)


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
        plan=lambda: _plan(mass[kept], i[kept], j[kept], (mu.n, nu.n)),
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


def network_simplex(distance: Array, a: Array, b: Array, p: float) -> Solution:
    """POT's network simplex on a matrix of ground distances, shape (n, m), which it overwrites.

    Where the gap does not close, the longest way of the plan tells how long ways need be at all:
    distances beyond a cap above it are lowered to the cap, and the smaller range of costs leaves
    more digits to those that matter. Prices that respect lowered costs respect the true ones, so
    dual values stay bounds, and a plan that pays no lowered cost is optimal for the true ones too.
    """
    # a power of two: no digit changes, and so no pivot
    unit = 2.0 ** math.ceil(math.log2(float(distance.max()) or 1.0))
    distance /= unit
    cap = 1.0
    while True:
        solution, longest = _simplex(distance, a, b, p, cap, unit)
        lower = longest * SPREAD ** (1 / p)
        if longest == 0 or _closed(solution.primal, solution.dual()):
            return solution
        if lower > cap * 0.1 ** (1 / p):  # not a tenth of the cost would be gained
            _require_closed(solution, (longest / cap) ** p)
            return solution
        cap = lower


def _simplex(
    distance: Array, a: Array, b: Array, p: float, cap: float, unit: float
) -> tuple[Solution, float]:
    """One solution for distances (at most 1) lowered to `cap`, and the longest way of its plan."""
    import ot  # takes a second, and loads torch where it is installed

    cost = distance if cap == 1 else np.minimum(distance, cap) / cap
    if p != 1:
        cost = cost**p
    rows, columns = np.flatnonzero(a), np.flatnonzero(b)
    whole = len(rows) == len(a) and len(columns) == len(b)
    active = cost if whole else cost[np.ix_(rows, columns)]
    with _quiet():
        flow, log = ot.emd(
            a[rows], b[columns], active, numItermax=MAX_PIVOTS, log=True, check_marginals=False
        )
    # through booleans, which NumPy searches several times faster than floats
    source, target = np.divmod(np.flatnonzero(flow > 0), len(columns))
    mass = flow[source, target]
    _check(log, mass, source, target, a[rows], b[columns])
    i, j = rows[source], columns[target]
    length = distance[i, j]

    # c-transforms make the potentials feasible to the last bit, at points of no mass too
    f, g = log["u"], np.full(len(b), np.inf)
    for block in blocks(len(rows), len(b)):
        part = cost[block] if whole else cost[rows[block]]
        np.minimum(g, (part - f[block, None]).min(axis=0), out=g)
    if not whole:
        f = np.concatenate([(cost[block] - g).min(axis=1) for block in blocks(len(a), len(b))])
    dual = float(a @ f + b @ g)
    solution = Solution(
        primal=float(mass @ (length / cap) ** p),
        dual=lambda: dual,
        scale=cap * unit,
        solver="network simplex",
        plan=lambda: _plan(mass, i, j, cost.shape),
        potentials=lambda: (f, g),
    )
    return solution, float(length.max())


def _closed(primal: float, dual: float) -> bool:
    return primal > 0 and abs(primal - dual) <= GAP_TOLERANCE * primal


def _require_closed(solution: Solution, longest: float) -> None:
    """RuntimeError unless the gap is closed, or small beside `longest`.

    That is the cost of moving everything along the longest way of the plan. Weights that differ
    by rounding alone move little mass far, and leave no more digits than that.
    """
    primal, dual = solution.primal, solution.dual()
    if not (_closed(primal, dual) or abs(primal - dual) < RESOLUTION * longest):
        raise RuntimeError(
            f"the {solution.solver} left a gap of {primal - dual:.2g} at a cost of {primal:.6g}: "
            "the costs spread too far for float64; choose a smaller p, or points of one scale"
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
    dual = float(a @ f + b @ g)
    solution = Solution(
        primal=float(mass @ length**p),
        dual=lambda: dual,
        scale=scale,
        solver="lazy network simplex",
        plan=lambda: _plan(mass, i, j, (mu.n, nu.n)),
        potentials=lambda: (f, g),
    )
    if length.any():
        _require_closed(solution, float(length.max()) ** p)
    return solution


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
        return stay + _plan(rest * moves.data, rows, columns, (mu.n, nu.n))

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
