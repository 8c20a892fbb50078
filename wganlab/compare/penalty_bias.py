"""By how much a gradient penalty makes the gap too large, taken out.

A penalty of weight lambda allows slopes above 1: on parallel lines at distance theta, and between
two atoms, the gap is theta (1 + theta / (2 lambda)). Elsewhere the inverse of that law is a
heuristic.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from wganlab import exact
from wganlab.learned import GradientPenalty

if TYPE_CHECKING:
    from wganlab.compare.clouds import Clouds
    from wganlab.learned import Constraint


def corrected(gap: float, constraint: Constraint | None, unit: float = 1.0) -> float | None:
    """The W with W (1 + W / (2 lambda)) = gap; None where the penalty is another one."""
    if not isinstance(constraint, GradientPenalty) or gap < 0:
        return None
    if (constraint.center, constraint.power) != (1.0, 2.0):
        return None
    if constraint.place not in ("between", "paired"):
        return None
    weight = constraint.weight * unit
    return weight * (math.sqrt(1 + 2 * gap / weight) - 1)


def law_is_exact(clouds: Clouds, constraint: Constraint | None) -> bool:
    """Parallel lines, two atoms, or one vector between all paired points."""
    x, y = clouds.source.points, clouds.target.points
    if isinstance(clouds.pair, exact.known.ParallelLines):
        return True
    if constraint is not None and constraint.paired and x.shape == y.shape:
        return bool(np.ptp(x - y, axis=0).max() < 1e-6 * max(1.0, float(np.abs(x - y).max())))
    return bool(np.ptp(x, axis=0).max() == 0 == np.ptp(y, axis=0).max())
