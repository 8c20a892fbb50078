"""The linear programs of optimal transport written out, as a course shows them.

    primal   min <c, x>  with  A x = b, x >= 0           x = vec(plan), c = vec(D), b = (a, b)
    dual     max <b, y>  with  A^T y <= c                 y = (f, g)
    KR       max <a - b, f>  with  f_i - f_j <= D_ij      one function f on one set of points

A has n + m rows and n m columns: row i < n adds up row i of the plan, row n + j column j. Solved by
HiGHS through SciPy: slow (150 times POT at n = 500), independent of POT, and every number can be
seen. (Kantorovich 1942; Peyré and Cuturi 2019, sections 2.3 and 3.1; Arjovsky et al. 2017,
equation 2 for KR.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from wganlab.exact import labels
from wganlab.exact.arrays import as_array
from wganlab.exact.costs import as_cost, on_costs
from wganlab.exact.memory import require

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

PLANS_AT_MOST = 200_000


@dataclass(frozen=True, eq=False)
class LinearProgram:
    """Optimize <objective, z> subject to matrix z (= or <=) right, z >= 0 or free.

    Attributes
    ----------
    objective : array, shape (k,)
        c for the primal; b for the dual, which is a maximum.
    matrix : scipy.sparse.csr_array, shape (r, k)
        A for the primal, A^T for the dual.
    right : array, shape (r,)
        b for the primal, c for the dual.
    sense : "min" or "max"
    equality : bool
        Are the constraints matrix z = right with z >= 0, or matrix z <= right with z free?
    """

    objective: Array
    matrix: sparse.csr_array
    right: Array
    sense: str
    equality: bool

    def solve(self) -> Solved:
        """The optimum by HiGHS; RuntimeError if it was not reached."""
        from scipy.optimize import linprog

        if self.matrix.shape[1] == 0:
            raise ValueError("infeasible: all ways are forbidden: allow some")
        sign = 1 if self.sense == "min" else -1
        kind = "eq" if self.equality else "ub"
        result = linprog(
            sign * self.objective,
            **{f"A_{kind}": self.matrix, f"b_{kind}": self.right},
            bounds=(0, None) if self.equality else (None, None),
            method="highs",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        if result.status in (2, 3):  # of the primal, and of its dual
            raise ValueError(
                "infeasible: some mass has no way that is not forbidden (infinite, or absent from "
                "a sparse matrix): allow more ways"
            )
        if result.status != 0:
            raise RuntimeError(f"HiGHS did not reach the optimum: {result.message}")
        prices = (result.eqlin if self.equality else result.ineqlin).marginals
        return Solved(sign * float(result.fun), result.x, sign * prices)


@dataclass(frozen=True, eq=False)
class Solved:
    """Optimal value, variables z (k,), and one price a constraint (r,): the other program's z."""

    value: float
    variables: Array
    prices: Array


def _checked(D: ArrayLike, a: ArrayLike, b: ArrayLike) -> tuple[Array, Array, Array]:
    cost = as_cost(D)
    mu, nu = on_costs(cost.shape, (None, None), (a, b), D, ("a", "b"))
    require(
        60.0 * cost.size,
        "the linear program written out",
        "take fewer points; wasserstein solves the same without it",
    )
    return cost, mu.weights, nu.weights


def marginal_matrix(n: int, m: int) -> sparse.csr_array:
    """The matrix A of the primal, shape (n + m, n m): row sums above column sums.

    Examples
    --------
    >>> marginal_matrix(2, 2).toarray().astype(int)
    array([[1, 1, 0, 0],
           [0, 0, 1, 1],
           [1, 0, 1, 0],
           [0, 1, 0, 1]])
    """
    rows = sparse.kron(sparse.eye_array(n), np.ones((1, m)))
    columns = sparse.kron(np.ones((1, n)), sparse.eye_array(m))
    return sparse.vstack([rows, columns]).tocsr()


def primal(D: ArrayLike, a: ArrayLike, b: ArrayLike) -> LinearProgram:
    """min <vec(D), x> with A x = (a, b), x >= 0: what it costs to carry a to b.

    Parameters
    ----------
    D : array_like, shape (n, m)
        Cost of carrying one unit of mass from i to j. Ways of infinite cost, and those absent from
        a sparse matrix, have no variable in the primal, and no constraint in the dual.
    a, b : array_like, shapes (n,) and (m,)
        Weights, non-negative and of sum 1.

    Examples
    --------
    >>> program = primal([[0, 1], [1, 0]], [0.5, 0.5], [1, 0])
    >>> program.solve().value
    0.5
    """
    cost, p, q = _checked(D, a, b)
    right = np.concatenate([p, q])
    ways = np.isfinite(cost.ravel())
    matrix = marginal_matrix(*cost.shape)
    if not ways.all():
        matrix = matrix[:, ways]
    return LinearProgram(cost.ravel()[ways], matrix, right, "min", equality=True)


def dual(D: ArrayLike, a: ArrayLike, b: ArrayLike) -> LinearProgram:
    """max <a, f> + <b, g> with f_i + g_j <= D_ij: the best prices that undercut no way.

    Parameters and errors as for `primal`; the variables are (f, g), shape (n + m,).

    Examples
    --------
    >>> dual([[0, 1], [1, 0]], [0.5, 0.5], [1, 0]).solve().value
    0.5
    """
    cost, p, q = _checked(D, a, b)
    objective = np.concatenate([p, q])
    ways = np.isfinite(cost.ravel())
    matrix = marginal_matrix(*cost.shape).T.tocsr()
    if not ways.all():
        matrix = matrix[ways]
    return LinearProgram(objective, matrix, cost.ravel()[ways], "max", equality=False)


def kantorovich_rubinstein(D: ArrayLike, p: ArrayLike, q: ArrayLike) -> LinearProgram:
    """max <p - q, f> with f_i - f_j <= D_ij for all pairs: one 1-Lipschitz critic.

    Equal to the primal where D is a metric; without the triangle inequality it can be less.

    Parameters
    ----------
    D : array_like, shape (n, n)
        Distances between the n points that carry both laws.
    p, q : array_like, shape (n,)
        Weights of the two laws on the same points.

    Examples
    --------
    >>> kantorovich_rubinstein([[0, 1], [1, 0]], [0.5, 0.5], [1, 0]).solve().value
    0.5
    """
    cost, u, v = _checked(D, p, q)
    n = len(u)
    if [*map(str, labels.rows_of(D) or ())] != [*map(str, labels.all_columns_of(D) or ())]:
        raise ValueError("the rows and the columns of D have other labels: give both one order")
    if cost.shape != (n, n) or cost.diagonal().any():
        raise ValueError("Kantorovich-Rubinstein needs distances of one set of points to itself")
    i, j = np.divmod(np.arange(n * n), n)
    apart = (i != j) & np.isfinite(cost.ravel())
    pair = np.arange(apart.sum())
    ones = np.ones(len(pair))
    matrix = sparse.coo_array(
        (np.concatenate([ones, -ones]), (np.tile(pair, 2), np.concatenate([i[apart], j[apart]]))),
        shape=(len(pair), n),
    )
    return LinearProgram(u - v, matrix.tocsr(), cost.ravel()[apart], "max", equality=False)


def slackness(D: ArrayLike, plan: Any, f: ArrayLike, g: ArrayLike) -> Array:
    """Complementary slackness: plan_ij (D_ij - f_i - g_j), shape (n, m), 0 at the optimum.

    Mass travels only where the prices meet the cost. The sum of all entries is the gap between
    the plan's cost and the prices' worth.

    Parameters
    ----------
    D : array_like, shape (n, m)
    plan : array_like or sparse array, shape (n, m)
    f, g : array_like, shapes (n,) and (m,)

    Examples
    --------
    >>> slackness([[0, 1], [1, 0]], [[0.5, 0], [0.5, 0]], [0, 1], [0, -1])
    array([[0., 0.],
           [0., 0.]])
    """
    cost = as_cost(D)
    mass = as_cost(plan.toarray() if sparse.issparse(plan) else plan, cost.shape)
    for values, of in ((f, labels.rows_of(D)), (g, labels.all_columns_of(D))):
        found = labels.rows_of(values)
        if found is not None and of is not None and tuple(found) != tuple(of):
            raise ValueError("f and g have other labels than the costs: bring them into one order")
    u, v = as_array(f, "f"), as_array(g, "g")
    if (u.shape, v.shape) != ((cost.shape[0],), (cost.shape[1],)):
        raise ValueError(f"f and g have shapes {u.shape} and {v.shape} for costs of {cost.shape}")
    slack = np.where(np.isfinite(cost) | (mass > 0), cost, 0.0) - u[:, None] - v
    return mass * slack


def integer_plans(rows: Sequence[int], columns: Sequence[int]) -> Iterator[NDArray[np.int64]]:
    """Every plan of a tiny problem in whole units: matrices (n, m) with these row and column sums.

    Parameters
    ----------
    rows, columns : sequences of non-negative int of equal sum
        Boxes at each place before and after.

    Raises
    ------
    ValueError
        If the sums differ, or are no counts; and after 200,000 plans.

    Examples
    --------
    >>> for plan in integer_plans([1, 1], [1, 1]):
    ...     print(plan.tolist())
    [[1, 0], [0, 1]]
    [[0, 1], [1, 0]]
    """
    before, after = as_array(rows, "rows"), as_array(columns, "columns")
    for counts, name in ((before, "rows"), (after, "columns")):
        if counts.ndim != 1 or (counts < 0).any() or (counts % 1).any():
            raise ValueError(f"{name} must be whole numbers of boxes, none negative")
    if before.sum() != after.sum():
        raise ValueError(f"{before.sum():g} boxes cannot become {after.sum():g}")
    return _counted(_fill(before.astype(int).tolist(), after.astype(int).tolist()))


def _counted(plans: Iterator[list[list[int]]]) -> Iterator[NDArray[np.int64]]:
    for number, plan in enumerate(plans):
        if number == PLANS_AT_MOST:
            raise ValueError(f"more than {PLANS_AT_MOST:,} plans: take a smaller problem")
        yield np.array(plan)


def _fill(rows: list[int], columns: list[int]) -> Iterator[list[list[int]]]:
    if not rows:
        yield []
        return
    for first in _spread(rows[0], columns):
        rest = [room - taken for room, taken in zip(columns, first, strict=True)]
        yield from ([first, *others] for others in _fill(rows[1:], rest))


def _spread(boxes: int, rooms: list[int]) -> Iterator[list[int]]:
    """All ways to put `boxes` into rooms of limited size, the first room fullest first."""
    if not rooms:
        if boxes == 0:
            yield []
        return
    for taken in range(min(boxes, rooms[0]), -1, -1):
        yield from ([taken, *others] for others in _spread(boxes - taken, rooms[1:]))
