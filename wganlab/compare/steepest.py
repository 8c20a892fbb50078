"""Search for the steepest place of a critic: what a declared Lipschitz constant is tried by.

It starts at points of both clouds, between them, around them and far around them, keeps the
steepest and climbs: along the growth of the slope, H g / |g| with H the second derivative by
differences, and by random steps of many sizes, since where a critic is piecewise linear its slope
only jumps. What is found is a lower bound of the Lipschitz constant, and no proof of anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wganlab.compare.probe import Probe

    Array = NDArray[np.float64]

STARTS = 400  # points of each kind
KEPT = 40  # of the steepest, which climb
ROUNDS = 40


def search(probe: Probe, real: Array, fake: Array, rng: np.random.Generator) -> float:
    """The largest slope found of a critic, a lower bound of its Lipschitz constant.

    Parameters
    ----------
    probe : Probe
        The critic.
    real, fake : arrays, shapes (n, ...) and (m, ...)
        Two clouds, near which it is searched.
    rng : numpy.random.Generator
        Of the starting points and steps.
    """
    both = np.concatenate([real, fake])
    spread = float(both.std(axis=0).max()) or 1.0
    points = _starts(real, fake, spread, rng)
    slopes = _slopes(probe, points)
    steepest = max(float(slopes.max()), _quotients(probe, points, rng))
    order = np.argsort(slopes)[-KEPT:]
    points, slopes = points[order], slopes[order]
    for _ in range(ROUNDS):
        step = spread * 10 ** rng.uniform(-3, 0, size=(len(points),) + (1,) * (real.ndim - 1))
        tries = (points + step * _growth(probe, points, 1e-4 * spread),
                 points + step * rng.normal(size=points.shape))  # fmt: skip
        for tried in tries:
            found = _slopes(probe, tried)
            better = found > slopes
            points[better], slopes[better] = tried[better], found[better]
    return max(steepest, float(slopes.max()), _quotients(probe, points, rng))


def _starts(real: Array, fake: Array, spread: float, rng: np.random.Generator) -> Array:
    real, fake = (z[rng.integers(len(z), size=STARTS)] for z in (real, fake))
    t = rng.uniform(size=(STARTS,) + (1,) * (real.ndim - 1))
    noise = spread * rng.normal(size=real.shape)
    between = t * real + (1 - t) * fake
    return np.concatenate([real, fake, between, real + noise, fake + noise, between + 5 * noise])


def _slopes(probe: Probe, points: Array) -> Array:
    return _lengths(probe.gradients(points))


def _growth(probe: Probe, points: Array, step: float) -> Array:
    """Directions of length 1 in which the slope grows; 0 where it does not."""
    gradients = probe.gradients(points)
    ahead = _unit(gradients) * step
    return _unit(probe.gradients(points + ahead) - probe.gradients(points - ahead))


def _quotients(probe: Probe, points: Array, rng: np.random.Generator) -> float:
    """Largest |f(a) - f(b)| / |a - b| of random pairs."""
    others = rng.permutation(len(points))
    far = _lengths(points - points[others])
    rises = np.abs(probe.values(points) - probe.values(points[others]))
    apart = far > 1e-6 * max(1.0, float(far.max(initial=0.0)))
    return float((rises[apart] / far[apart]).max(initial=0.0))


def _unit(vectors: Array) -> Array:
    lengths = _lengths(vectors).reshape(-1, *(1,) * (vectors.ndim - 1))
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def _lengths(vectors: Array) -> Array:
    lengths: Array = np.linalg.norm(vectors.reshape(len(vectors), -1), axis=1)
    return lengths
