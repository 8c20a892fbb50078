"""Exact optimal transport between two finite measures.

    W_p(P, Q) = ( min over plans pi with marginals P and Q of  sum_ij pi_ij d(x_i, y_j)^p )^(1/p)
              = ( max of  sum_i a_i f_i + sum_j b_j g_j  with  f_i + g_j <= d(x_i, y_j)^p )^(1/p)

The second line is the dual (Kantorovich 1942; Arjovsky et al. 2017, equation 2, for p = 1). A value
named after a distance is the distance: `wasserstein(..., p=2).value` is W2, not its square. The
ground distance d is Euclidean unless asked otherwise, and squared Euclidean is no distance here.

The solver is picked by the problem (`wganlab.exact.solvers`); plan and potentials come with every
value. On the line the plan is optimal by a theorem. Elsewhere a value that cannot be held to a
primal-dual gap of 1e-9 relative raises, unless what is missing is less than 1e-11 of the cost of
moving everything along the longest way of the plan: weights that differ by rounding alone leave no
more digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from wganlab.exact import labels
from wganlab.exact.arrays import refuse_grad
from wganlab.exact.costs import as_cost, on_costs
from wganlab.exact.ground import (
    blocks,
    c_transform,
    check_lipschitz,
    check_metric,
    direction,
    pairwise,
)
from wganlab.exact.measures import Discrete, as_pair, as_points
from wganlab.exact.memory import require
from wganlab.exact.solution import Solution
from wganlab.exact.solvers import of_costs, solve

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

LARGEST_EXPONENT = 600.0  # exp of more leaves little room in float64


@dataclass(frozen=True, eq=False)
class Transport:
    """An optimal plan with its proof, and the optimal critic that belongs to it.

    Attributes
    ----------
    value : float
        W_p, in the unit of the ground distance.
    solver : str
        "quantiles", "network simplex", "lazy network simplex" or "bottleneck".
    source, target : Discrete
        The two measures, x with weights a and y with weights b.
    p : float
        Order.
    metric : str or callable
        "euclidean", "l1", "cosine", a function, or "given".
    """

    value: float
    solver: str
    source: Discrete = field(repr=False)
    target: Discrete = field(repr=False)
    p: float
    metric: Any
    _solution: Solution = field(repr=False)

    @cached_property
    def bound(self) -> float:
        """The dual value in the unit of d: by weak duality no plan costs less."""
        dual = min(self._solution.dual(), self._solution.primal)  # above it by rounding alone
        if self.p == math.inf and dual == 0:
            return 0.0
        return self._solution.scale * max(dual, 0.0) ** (1 / self.p)

    @cached_property
    def gap(self) -> float:
        """(primal - dual) / primal of the linear program, 0 if the primal is."""
        primal = self._solution.primal
        return (primal - self._solution.dual()) / primal if primal > 0 else 0.0

    @cached_property
    def plan(self) -> sparse.csr_array:
        """Mass moved from x_i to y_j: scipy.sparse.csr_array of shape (n, m)."""
        return self._solution.plan()

    @cached_property
    def potentials(self) -> tuple[Array, Array]:
        """Optimal dual variables (f, g), shapes (n,) and (m,), in the unit of d^p.

        f_i + g_j <= d(x_i, y_j)^p. For p = 1, f is the optimal critic at x, and -g at y. For
        p = inf they bound 1 where d is W_inf or more, 0 elsewhere (`wganlab.exact.bottleneck`).
        """
        f, g = self._solution.potentials()
        if self.p == math.inf:
            return f, g
        power = self.p * math.log(self._solution.scale)
        if abs(power) > LARGEST_EXPONENT:
            raise ValueError(f"d^{self.p:g} leaves float64: choose a unit in which d is near 1")
        return math.exp(power) * f, math.exp(power) * g

    def critic(self, z: ArrayLike) -> Array:
        """The optimal critic anywhere in space, for p = 1: f*(z) = min_j d(z, y_j) - g_j.

        It is 1-Lipschitz, and its gap between the two measures is their W1.

        Parameters
        ----------
        z : array_like, shape (k, d) or (k,)
            Any points, on the supports or off them.

        Returns
        -------
        array, shape (k,)

        Raises
        ------
        ValueError
            If p is not 1, the ground distance was given as a matrix, or z has another dimension.

        Examples
        --------
        >>> result = wasserstein([0.0, 1.0], [5.0, 6.0])
        >>> f = result.critic([0.0, 1.0, 5.0, 6.0])
        >>> float(f[:2].mean() - f[2:].mean())
        5.0
        """
        z = self._points(z)
        return c_transform(z, self.target.points, self.potentials[1], self.metric)

    def critic_gradient(self, z: ArrayLike) -> Array:
        """Gradient of `critic` at points z of shape (k, d): shape (k, d), length 1 (Euclidean).

        At a point of y where the minimum is attained, and at ties, there is no gradient: there it
        is 0, and that of one of the branches.
        """
        z, y, g = self._points(z), self.target.points, self.potentials[1]
        nearest = np.concatenate(
            [
                (pairwise(z[rows], y, self.metric) - g).argmin(axis=1)
                for rows in blocks(len(z), len(y))
            ]
        )
        return direction(z, y[nearest], self.metric)

    def displacement(self, t: float) -> Discrete:
        """McCann's interpolation: the mass on its way, (1 - t) x_i + t y_j, at time t in [0, 1].

        For Euclidean distance it is a geodesic: W_p from the start to time t is t W_p.

        Examples
        --------
        >>> wasserstein([0.0], [4.0]).displacement(0.25).points
        array([[1.]])
        """
        if not 0 <= t <= 1:
            raise ValueError(f"t = {t}: time runs from 0 to 1")
        check_lipschitz(self.metric, "displacement")
        moves = self.plan.tocoo()
        x, y = self.source.points[moves.row], self.target.points[moves.col]
        return Discrete((1 - t) * x + t * y, moves.data / moves.data.sum())

    def gradients(self) -> tuple[Array, Array]:
        """Gradients of W_p with respect to the points x and y, shapes (n, d) and (m, d).

        By the envelope theorem the optimal plan may be held fixed: the gradient with respect to
        x_i is W_p^(1 - p) sum_j pi_ij d(x_i, y_j)^(p - 1) grad d(x_i, y_j). Where the optimal plan
        is not unique, or matched points coincide, this is one of the subgradients.

        Examples
        --------
        >>> wasserstein([[0.0, 0.0]], [[3.0, 4.0]]).gradients()[0]
        array([[-0.6, -0.8]])
        """
        check_lipschitz(self.metric, "the gradient")
        if self.p == math.inf:
            raise ValueError("W_inf has no gradient of use: it hangs on one way; take a finite p")
        moves = self.plan.tocoo()
        x, y = self.source.points[moves.row], self.target.points[moves.col]
        if self.p == 1:
            pull = moves.data
        else:  # relative to W_p, so that no power overflows
            order = 2 if self.metric == "euclidean" else 1
            length = np.linalg.norm((x - y) / (self.value or 1.0), axis=1, ord=order)
            pull = moves.data * length ** (self.p - 1)
        step = pull[:, None] * direction(x, y, self.metric)
        at_x, at_y = np.zeros_like(self.source.points), np.zeros_like(self.target.points)
        np.add.at(at_x, moves.row, step)
        np.add.at(at_y, moves.col, -step)
        return at_x, at_y

    def _points(self, z: Any) -> Array:
        check_lipschitz(self.metric, "the critic")
        if self.p != 1:
            raise ValueError(f"the critic belongs to W1; this is p = {self.p:g}")
        points = as_points(z, "z")
        if points.shape[1] != self.source.dim:
            raise ValueError(
                f"z lives in dimension {points.shape[1]}, the points in {self.source.dim}"
            )
        named = labels.columns_of(z)
        order = labels.in_order(self.source.columns, named, "z", "the cloud", "columns")
        return points if order is None else points[:, order]


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
        If the input is bad (see `wganlab.exact.measures`), or a tensor that requires a gradient,
        which a number cannot carry: `wganlab.compare.emd_loss` can.
    RuntimeError
        If the solver's answer could not be certified.

    Examples
    --------
    >>> emd([0, 1, 3], [5, 6, 8])
    5.0
    """
    refuse_grad("emd", x, y, a, b)
    return wasserstein(x, y, a, b).value


def wasserstein(
    x: ArrayLike | Discrete | None,
    y: ArrayLike | Discrete | None,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    p: float = 1,
    metric: str | ArrayLike | Callable[[Array, Array], ArrayLike] = "euclidean",
) -> Transport:
    """Wasserstein distance W_p with its optimal plan and potentials.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,); or Discrete; or None
        Points; 1-D input is points on the line. None only beside a given matrix.
    a, b : array_like, shapes (n,) and (m,), optional
        Weights, non-negative and of sum 1; uniform by default.
    p : float
        Order, at least 1; inf for the longest way (`wganlab.exact.bottleneck`).
    metric : "euclidean", "l1", "cosine", callable, or array_like of shape (n, m)
        Ground distance; a function of both point sets that returns all distances; or the matrix
        of ground distances d(x_i, y_j) >= 0, raised to the power p like any other. Infinite ones
        are ways that do not exist, as are entries absent from a sparse matrix. "cosine" is 1 minus
        the cosine of the angle, which is no metric: it gives a value, a plan and potentials, but
        no critic.

    Raises
    ------
    ValueError
        If the input is bad, the metric or order is none of the above, or no plan does without
        ways of infinite length.
    RuntimeError
        If the solver's answer could not be certified.
    MemoryError
        If the machine has not the memory that it would take.

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
    if not (isinstance(p, Real) and p >= 1):
        raise ValueError(f"p = {p!r}: the order of a Wasserstein distance is a number from 1 up")
    if not isinstance(metric, str) and not callable(metric):
        return _given(x, y, a, b, p, metric)
    mu, nu = as_pair(x, y, a, b)
    check_metric(metric)
    return _result(solve(mu, nu, p, metric), mu, nu, p, metric)


def _given(x: Any, y: Any, a: Any, b: Any, p: float, metric: Any) -> Transport:
    distance = as_cost(metric)
    require(4.0 * distance.nbytes, "exact transport with this cost matrix", "take fewer points")
    mu, nu = on_costs(distance.shape, (x, y), (a, b), metric)
    return _result(of_costs(distance, mu.weights, nu.weights, p), mu, nu, p, "given")


def _result(solution: Solution, mu: Discrete, nu: Discrete, p: float, metric: Any) -> Transport:
    """The solution in the user's unit."""
    return Transport(
        value=solution.scale * solution.primal ** (1 / p),
        solver=solution.solver,
        source=mu,
        target=nu,
        p=p,
        metric=metric,
        _solution=solution,
    )
