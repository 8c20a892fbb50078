"""Optimal transport by POT's network simplex (Bonneel et al. 2011), with proof.

POT prices with an absolute tolerance: where all costs are near 1e-15, or a few are enormous beside
those that matter, it returns a plan percents above the optimum without a word. So costs are scaled
to a largest of 1, the gap between primal and dual is computed, and where it is not closed, costs
far above those that the plan pays are lowered and the problem is solved again. An answer whose gap
stays open raises.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab.exact.ground import along, blocks, c_transform
from wganlab.exact.measures import Discrete
from wganlab.exact.solution import Solution, as_plan

if TYPE_CHECKING:
    from wganlab.exact.solution import Array

MAX_PIVOTS = 2_000_000_000
MASS_TOLERANCE = 1e-9
GAP_TOLERANCE = 1e-9
RESOLUTION = 1e-11
SPREAD = 100.0  # of the cap's cost over the longest way's, when a problem is solved again


def network_simplex(distance: Array, a: Array, b: Array, p: float) -> Solution:
    """POT's network simplex on a matrix of ground distances, shape (n, m), which it overwrites.

    Where the gap does not close, the longest way of the plan tells how long ways need be at all:
    distances beyond a cap above it are lowered to the cap, and the smaller range of costs leaves
    more digits to those that matter. Prices that respect lowered costs respect the true ones, so
    dual values stay bounds, and a plan that pays no lowered cost is optimal for the true ones too.
    """
    # a power of two: no digit changes, and so no pivot; 1023 is the largest that there is
    unit = 2.0 ** min(1023, math.ceil(math.log2(float(distance.max()) or 1.0)))
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
    """One solution for distances lowered to `cap`, and the longest way of its plan."""
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
    dual, shape = float(a @ f + b @ g), cost.shape  # the plan must not hold on to the costs
    solution = Solution(
        primal=float(mass @ (length / cap) ** p),
        dual=lambda: dual,
        scale=cap * unit,
        solver="network simplex",
        plan=lambda: as_plan(mass, i, j, shape),
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
    length = along(x[i], y[j], metric)
    g = c_transform(y, x[rows], log["u"], metric, p)
    f = c_transform(x, y, g, metric, p)
    dual = float(a @ f + b @ g)
    solution = Solution(
        primal=float(mass @ length**p),
        dual=lambda: dual,
        scale=scale,
        solver="lazy network simplex",
        plan=lambda: as_plan(mass, i, j, (mu.n, nu.n)),
        potentials=lambda: (f, g),
    )
    if length.any():
        _require_closed(solution, float(length.max()) ** p)
    return solution


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
