"""Sinkhorn's iterations by POT, and what is made of where they end: potentials and a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def iterate(
    cost: Array,
    a: Array,
    b: Array,
    epsilon: float,
    tolerance: float,
    max_iterations: int,
) -> tuple[Array, Array, float, int]:
    """POT's plan, potential g, marginal error and iterations, for costs of at most 1."""
    import ot  # takes a second, and loads torch where it is installed

    plan, log = ot.bregman.sinkhorn_log(
        a,
        b,
        cost,
        epsilon,
        numItermax=max_iterations,
        # POT stops on the Euclidean norm of the error: this much bounds the sum
        stopThr=tolerance / np.sqrt(len(b)),
        log=True,
        warn=False,
    )
    iterations = log["niter"] + 1
    error = float(np.abs(plan.sum(axis=0) - b).sum())  # the rows are right after every update
    if not error <= tolerance:
        raise RuntimeError(
            f"Sinkhorn left {error:.2g} of the mass in the wrong place after {iterations} "
            f"iterations, wanted {tolerance:g}: raise max_iterations, tolerance or epsilon (now "
            f"{epsilon:.2g} of the largest cost); for epsilon near 0, wasserstein is exact"
            + (
                ""
                if np.isfinite(cost).all()
                else "; it tells, too, if no plan avoids infinite costs"
            )
        )
    return plan, epsilon * (log["log_v"] - np.log(b)), error, iterations


def potentials(
    cost: Array,
    a: Array,
    b: Array,
    active: Array,
    epsilon: float,
) -> tuple[Array, Array]:
    """Potentials at all points from g where b > 0, by soft c-transforms, with equal means."""
    rows, columns = a > 0, b > 0
    # every row of the plan of f and g is right, so the last term of the dual is 0
    f = _softmin(cost[:, columns] - active, b[columns], epsilon)
    g = _softmin((cost[rows] - f[rows, None]).T, a[rows], epsilon)
    g[columns] = active
    shift = float(b[columns] @ g[columns] - a[rows] @ f[rows]) / 2
    return f + shift, g - shift


def _softmin(values: Array, weights: Array, epsilon: float) -> Array:
    """-epsilon log sum_j weights_j exp(-values_ij / epsilon), shape (n,)."""
    return -epsilon * logsumexp(np.log(weights) - values / epsilon, axis=1)


def rounded(plan: Array, a: Array, b: Array) -> Array:
    """The plan with its marginals made right: excess is scaled away, what lacks is added."""
    plan = plan * np.minimum(1, a / plan.sum(axis=1))[:, None]
    columns = plan.sum(axis=0)
    plan *= np.minimum(1, np.divide(b, columns, out=np.ones_like(b), where=columns > 0))
    lack_a = np.maximum(a - plan.sum(axis=1), 0)
    lack_b = np.maximum(b - plan.sum(axis=0), 0)
    missing = lack_a.sum()
    return plan + np.outer(lack_a, lack_b / missing) if missing > 0 else plan
