"""Entropic optimal transport (Sinkhorn), exactly where it claims to be and never in silence.

    OT_eps(P, Q) = min over plans pi with marginals P and Q of
                       sum_ij pi_ij d(x_i, y_j)^p + epsilon KL(pi, P x Q)
                 = max over all f, g of
                       sum_i a_i f_i + sum_j b_j g_j
                       - epsilon (sum_ij a_i b_j exp((f_i + g_j - d(x_i, y_j)^p) / epsilon) - 1)

The entropy is relative to the product P x Q (Feydy et al. 2019; Genevay et al. 2016), in nats.
Cuturi (2013) and POT's default subtract the entropy of pi itself: the plan is the same, the
objective differs by epsilon (H(P) + H(Q)). `epsilon` is in the unit of d^p: with p = 2 and points
in meters it is in square meters, and a reasonable value scales with the problem.

Entropic transport is not W_p. Its plan is a plan, so its cost is never below W_p^p, and

    W_p^p <= cost <= objective <= W_p^p + epsilon min(H(P), H(Q)),

with H = log n for n points of equal weight. OT_eps(P, P) is positive but for a single atom; the
Sinkhorn divergence subtracts that, is 0 exactly when P = Q, and may be far below W_p^p: by 10 to
70 % at the values of epsilon that are in common use. To within 1 % of W1 the exact solver is the
faster one.

Ways of infinite cost carry nothing. With some, marginals are right to `error` and no better: mass
that rounding left over has nowhere else to go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import rel_entr

from wganlab.exact.arrays import refuse_grad
from wganlab.exact.costs import as_cost, on_costs
from wganlab.exact.ground import METRICS, check_lipschitz, check_metric, distances, pairwise
from wganlab.exact.measures import Discrete, as_pair
from wganlab.exact.memory import require
from wganlab.exact.scaling import iterate, potentials, rounded

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# epsilon over the largest cost: below, rounding of f / epsilon moves more mass than the
# tolerance allows; above, rounding of epsilon KL swamps the cost and the plan is P x Q
SMALLEST_EPSILON, LARGEST_EPSILON = 1e-6, 1e6
LARGEST_EXPONENT = 300


@dataclass(frozen=True, eq=False)
class Entropic:
    """An entropic plan with its potentials. Costs are in the unit of d^p.

    Attributes
    ----------
    cost : float
        sum_ij plan_ij d(x_i, y_j)^p: at least W_p^p, because the plan is a plan.
    value : float
        cost^(1/p), in the unit of the ground distance: at least W_p.
    objective : float
        cost + epsilon KL(plan, a x b).
    plan : ndarray, shape (n, m)
        Mass moved from x_i to y_j; its marginals are a and b to rounding.
    potentials : (f, g), arrays of shape (n,) and (m,)
        plan_ij = a_i b_j exp((f_i + g_j - d(x_i, y_j)^p) / epsilon) to within `error`; unlike the
        potentials of exact transport they may exceed the cost. Unique up to a constant, which
        is chosen so that sum a f = sum b g; extended to points of no mass by soft c-transforms.
    bound : float
        Dual value of the potentials: no plan has a smaller objective. The two agree at convergence.
    gap : float
        (objective - bound) / objective, 0 if the objective is.
    solver : str
        "Sinkhorn".
    error : float
        Mass that Sinkhorn's last plan had in the wrong place, sum_j |column_j - b_j|, before it
        was rounded to the marginals.
    iterations : int
        Updates of both potentials.
    source, target : Discrete
        The two measures.
    p, metric
        Order and ground distance, "given" where it came as a matrix.
    """

    cost: float
    value: float
    objective: float
    plan: NDArray[np.float64]
    potentials: tuple[NDArray[np.float64], NDArray[np.float64]]
    bound: float
    gap: float
    solver: str
    error: float
    iterations: int
    source: Discrete = field(repr=False)
    target: Discrete = field(repr=False)
    p: float
    metric: Any

    def gradients(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Gradients of the objective with respect to the points, shapes (n, d) and (m, d).

        By the envelope theorem the plan may be held fixed: with respect to x_i it is
        sum_j plan_ij p d(x_i, y_j)^(p - 1) grad d(x_i, y_j), and with respect to the matrix of
        costs d^p it is `plan` itself.

        Examples
        --------
        >>> sinkhorn([[0.0, 0.0]], [[3.0, 4.0]], epsilon=1.0).gradients()[0]
        array([[-0.6, -0.8]])
        """
        check_lipschitz(self.metric, "the gradient")
        x, y = self.source.points, self.target.points
        distance = pairwise(x, y, self.metric)
        pull = self.plan * self.p * distance ** (self.p - 1)  # (n, m)
        if self.metric == "euclidean":
            pull = np.divide(pull, distance, out=np.zeros_like(pull), where=distance > 0)
        at_x, at_y = np.empty_like(x), np.empty_like(y)
        for k in range(x.shape[1]):
            step = x[:, None, k] - y[None, :, k]
            step = pull * (step if self.metric == "euclidean" else np.sign(step))
            at_x[:, k], at_y[:, k] = step.sum(axis=1), -step.sum(axis=0)
        return at_x, at_y


def sinkhorn(
    x: ArrayLike | Discrete | None,
    y: ArrayLike | Discrete | None,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    epsilon: float,
    p: float = 1,
    metric: Any = "euclidean",
    tolerance: float = 1e-9,
    max_iterations: int = 10_000,
) -> Entropic:
    """Entropic optimal transport by Sinkhorn's iterations in the log domain.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,); or Discrete; or None
        Points; 1-D input is points on the line. None only beside a given matrix.
    a, b : array_like, shapes (n,) and (m,), optional
        Weights, non-negative and of sum 1; uniform by default.
    epsilon : float
        Strength of the entropy, in the unit of d^p. The number of iterations grows as it falls.
    p : float
        Order, at least 1.
    metric : "euclidean", "l1", "cosine", callable, or array_like of shape (n, m)
        Ground distance d, as for `wasserstein`: of a matrix of costs, p = 1 takes them as they are.
    tolerance : float
        Largest mass in the wrong place, in (0, 1). At any tolerance `cost` is at least W_p^p and
        the optimum lies between `bound` and `objective`: a coarse one widens the bracket only.
    max_iterations : int
        At least 1.

    Raises
    ------
    ValueError
        If the input is bad, or epsilon is beyond 1e-6 to 1e6 times the largest cost.
    RuntimeError
        If the tolerance was not reached.

    Examples
    --------
    >>> result = sinkhorn([0, 1], [0, 1], epsilon=0.5)
    >>> result.plan.round(3)
    array([[0.44, 0.06],
           [0.06, 0.44]])
    >>> round(result.cost, 3), round(result.objective, 3)  # W1 is 0
    (0.119, 0.283)

    References
    ----------
    Cuturi, Sinkhorn Distances (2013). Altschuler, Weed and Rigollet, Near-linear Time
    Approximation Algorithms for Optimal Transport (2017), algorithm 2: the rounding of the plan.
    Peyré and Cuturi, Computational Optimal Transport (2019), chapter 4.
    """
    _check_options(epsilon, p, tolerance, max_iterations)
    mu, nu, distance, told = _problem(x, y, a, b, metric)
    rows, columns = np.flatnonzero(mu.weights), np.flatnonzero(nu.weights)
    part = np.ix_(rows, columns)
    open_ways = np.isfinite(distance)
    _check_ways(open_ways[part])
    # where all points coincide epsilon is the only unit there is
    largest = float(distance[part].max(where=open_ways[part], initial=0))
    scale = largest or epsilon ** (1 / p)
    unit = _unit(scale, p)
    cost, relative = (distance / scale) ** p, float(epsilon / unit)
    if not SMALLEST_EPSILON <= relative <= LARGEST_EPSILON:
        raise ValueError(
            f"epsilon = {epsilon:g} is {relative:.2g} of the largest cost d^p = {unit:.3g}, "
            f"expected {SMALLEST_EPSILON:g} to {LARGEST_EPSILON:g}: below, call wasserstein, "
            "which is exact; above, the plan is the product of the weights"
        )
    u, v = mu.weights[rows], nu.weights[columns]
    flow, active, error, iterations = iterate(cost[part], u, v, relative, tolerance, max_iterations)
    f, g = potentials(cost, mu.weights, nu.weights, active, relative)
    plan = np.zeros(cost.shape)
    plan[part] = rounded(flow, u, v) if open_ways[part].all() else flow
    primal = float(plan[open_ways] @ cost[open_ways])
    objective = primal + relative * float(rel_entr(plan[part], np.outer(u, v)).sum())
    bound = float(u @ f[rows] + v @ g[columns])
    return Entropic(
        cost=unit * primal,
        value=scale * primal ** (1 / p),
        objective=unit * objective,
        plan=plan,
        potentials=(unit * f, unit * g),
        bound=unit * bound,
        gap=(objective - bound) / objective if objective > 0 else 0.0,
        solver="Sinkhorn",
        error=error,
        iterations=iterations,
        source=mu,
        target=nu,
        p=p,
        metric=told,
    )


def _problem(
    x: Any, y: Any, a: Any, b: Any, metric: Any
) -> tuple[Discrete, Discrete, NDArray[np.float64], Any]:
    """Both measures, the ground distances between them, and what those are called."""
    if isinstance(metric, str) or callable(metric):
        check_metric(metric)
        mu, nu = as_pair(x, y, a, b)
        _require(mu.n, nu.n)
        return mu, nu, distances(mu, nu, metric), metric
    distance = as_cost(metric)
    _require(*distance.shape)
    return *on_costs(distance.shape, (x, y), (a, b), metric), distance, "given"


def _require(n: int, m: int) -> None:
    require(
        8 * 8.0 * n * m,
        f"entropic transport between {n} and {m} points",
        "take fewer points, a sample of each cloud; exact transport takes less",
    )


def _check_ways(open_ways: Any) -> None:
    """ValueError if a point of positive mass has no way out."""
    for axis, what in ((1, "row"), (0, "column")):
        stuck = np.flatnonzero(~open_ways.any(axis=axis))
        if len(stuck):
            raise ValueError(
                f"infeasible: {what} {stuck[0]} of those that carry mass has forbidden ways alone "
                "(infinite, or absent from a sparse matrix): allow one"
            )


def sinkhorn_divergence(
    x: ArrayLike | Discrete,
    y: ArrayLike | Discrete,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    epsilon: float,
    p: float = 1,
    metric: str = "euclidean",
    tolerance: float = 1e-9,
    max_iterations: int = 10_000,
) -> float:
    """Debiased OT_eps(P, Q) - (OT_eps(P, P) + OT_eps(Q, Q)) / 2, in the unit of d^p.

    Each term carries its entropy. The divergence is non-negative, and 0 only if P = Q. Between
    epsilon = 0 and infinity it runs from W_p^p to half the squared MMD of the kernel -d^p; it is
    no distance, and no bound on one.

    Parameters
    ----------
    x, y, a, b, epsilon, metric, tolerance, max_iterations
        As for `sinkhorn`.
    p : float
        From 1 to 2 with metric="euclidean", 1 with "l1". Beyond, exp(-d^p / epsilon) is no
        positive definite kernel and the difference can be negative.

    Raises
    ------
    ValueError
        If the input is bad, or the order is beyond that range.
    RuntimeError
        If one of the three problems did not reach the tolerance.

    Examples
    --------
    >>> round(sinkhorn_divergence([0, 1], [5, 6], epsilon=0.1), 2)  # W1 is 5
    4.93
    >>> sinkhorn_divergence([0, 1], [1, 0], epsilon=0.1)
    0.0

    References
    ----------
    Feydy et al., Interpolating between Optimal Transport and MMD using Sinkhorn Divergences
    (2019), equation 3 and theorem 1.
    """
    refuse_grad("sinkhorn_divergence", x, y, a, b)
    mu, nu = (law.merged() for law in as_pair(x, y, a, b))
    _check_options(epsilon, p, tolerance, max_iterations)
    if isinstance(metric, str):
        check_metric(metric)
    if not isinstance(metric, str) or metric not in METRICS:
        told = repr(metric) if isinstance(metric, str) else f"a {type(metric).__name__}"
        raise ValueError(
            f"metric={told}: expected 'euclidean' or 'l1', for which the divergence is known to be "
            "non-negative; sinkhorn itself takes any costs"
        )
    if p > (2 if metric == "euclidean" else 1):
        raise ValueError(
            f"p = {p:g} with metric={metric!r}: the Sinkhorn divergence is non-negative for p up "
            "to 2 with 'euclidean' and for p = 1 with 'l1'; sinkhorn itself takes any p"
        )
    # dual values: their error is of second order in that of the marginals
    cross, first, second = (
        sinkhorn(
            law,
            other,
            epsilon=epsilon,
            p=p,
            metric=metric,
            tolerance=tolerance,
            max_iterations=max_iterations,
        ).bound
        for law, other in ((mu, nu), (mu, mu), (nu, nu))
    )
    return max(0.0, cross - (first + second) / 2)  # below 0 only by rounding and tolerance


def _check_options(epsilon: float, p: float, tolerance: float, max_iterations: int) -> None:
    for name, value in (("epsilon", epsilon), ("p", p), ("tolerance", tolerance)):
        if not isinstance(value, Real):
            raise ValueError(f"{name} is of type {type(value).__name__}: expected a number")
    if epsilon == 0:
        raise ValueError("epsilon = 0 is exact transport: call wasserstein or emd")
    if not 0 < epsilon < np.inf:
        raise ValueError(
            f"epsilon = {epsilon}: expected a positive number in the unit of d^p, for example a "
            "hundredth of the mean cost"
        )
    if not 1 <= p < np.inf:
        raise ValueError(f"p = {p}: the order of a Wasserstein distance is a number from 1 up")
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance = {tolerance}: expected a mass between 0 and 1, such as 1e-9")
    if max_iterations < 1:
        raise ValueError(f"max_iterations = {max_iterations}: expected at least 1")


def _unit(scale: float, p: float) -> float:
    """scale^p, the largest cost, if float64 holds it."""
    if abs(p * np.log10(scale)) > LARGEST_EXPONENT:
        raise ValueError(
            f"distances of {scale:.3g} to the power {p:g} leave float64: choose another unit"
        )
    return float(scale**p)
