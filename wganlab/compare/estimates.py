"""What an objective's best discriminator says of a distance, beside the exact one.

A discriminator is fitted between two known laws, new points in every step; what the objective then
says of its distance, on points that no step has seen, stands beside the distance of the laws. The
estimates of most objectives are lower bounds: an estimate below the truth is a discriminator that
is not the best one, and above it is chance, of which `error` tells the size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wganlab import exact
from wganlab.exact import known
from wganlab.learned import METHODS, fit_critic
from wganlab.learned.batch import Batch
from wganlab.learned.critics.fitted import evaluated
from wganlab.learned.objectives.by_name import named

if TYPE_CHECKING:
    from wganlab.learned import FittedCritic

PARTS = 20  # of the held-out points, whose estimates differ by chance

# property of a known pair, and function of two laws
DISTANCES: dict[str, tuple[str, Callable[[Any, Any], float] | None]] = {
    "EM": ("emd", None),
    "TV": ("tv", exact.tv),
    "JS": ("js", exact.js),
    "KL": ("kl", exact.kl),
    "reverse KL": ("reverse_kl", lambda p, q: exact.kl(q, p)),
    "chi2": ("chi2", exact.chi2),
    "Le Cam": ("le_cam", exact.le_cam),
}
DISJOINT = {"chi2": math.inf, "Le Cam": 1.0}


@dataclass(frozen=True)
class Estimate:
    """An objective's estimate beside the truth."""

    objective: str
    """Its name in `learned.OBJECTIVES`."""
    estimates: str
    """The distance."""
    exact: float | None
    """Of the laws; None where it is not known."""
    value: float
    """The estimate, on held-out points."""
    error: float
    """Standard error of it, from parts of these points."""
    bound: bool
    """Is it a lower bound of the distance, but for that error, whatever the discriminator is?"""
    steps: int
    """Of training."""
    seconds: float
    """Of training."""


def estimate_vs_exact(
    objective: str,
    pair: known.Pair,
    *,
    n: int = 10_000,
    seed: int = 0,
    **options: Any,
) -> Estimate:
    """Fit a discriminator between the laws of a pair, and lay its estimate beside the distance.

    Parameters
    ----------
    objective : str
        Name of an objective that has a discriminator.
    pair : known pair
        The laws.
    n : int
        Points of each law to estimate on, at least 20.
    seed : int
        Of the weights and of all points.
    **options
        Of `learned.fit_critic`: steps, batch, optimizer, critic, constraint, ... Objectives that
        need a slope have the one-sided penalty by default, the others no constraint.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If there is no such objective, or it has no discriminator.

    Examples
    --------
    >>> told = estimate_vs_exact("least-squares", exact.known.Normals(), steps=300)
    >>> told.estimates, told.value < told.exact + 3 * told.error
    ('Le Cam', True)
    """
    if n < PARTS:
        raise ValueError(f"n = {n}: give {PARTS} points or more, they are judged in {PARTS} parts")
    rule = named(objective)
    if not rule.bound:  # the two-sided penalty has optima of the wrong sign
        options = {"constraint": METHODS["lp"].constraint, **options}
    fitted = fit_critic(pair, objective=rule, held_out=0, seed=seed, records=1, **options)
    parts = [rule.estimate(batch).item() for batch in _held_out(fitted, pair, n, seed)]
    return Estimate(
        objective=objective,
        estimates=rule.estimates,
        exact=distance(rule.estimates, pair),
        value=float(np.mean(parts)),
        error=float(np.std(parts, ddof=1)) / math.sqrt(PARTS),
        bound=rule.bound,
        steps=fitted.steps,
        seconds=fitted.seconds,
    )


def distance(name: str, pair: known.Pair) -> float | None:
    """The distance that an objective `estimates`, of a pair's laws; None where it is not known.

    Closed forms where the pair has them, quadrature or sums where its laws have densities or
    masses.

    Examples
    --------
    >>> round(distance("chi2", exact.known.Gaussians(real=(0, 0), fake=(0, 1))), 6)  # e - 1
    1.718282
    >>> distance("Le Cam", exact.known.ParallelLines())  # disjoint
    1.0
    """
    attribute, function = DISTANCES[name]
    value: float | None = getattr(pair, attribute, None)
    if value is not None or function is None:
        return value
    laws = _laws(pair)
    if laws is not None:
        return function(*laws)
    return DISJOINT.get(name) if pair.tv == 1 else None


def _laws(pair: known.Pair) -> tuple[Any, Any] | None:
    """Two laws that `exact` takes, with the divergences of the pair's."""
    from scipy import stats

    if isinstance(pair, known.Normals):
        return stats.norm(*pair.real), stats.norm(*pair.fake)
    if isinstance(pair, known.Gaussians):  # told apart along one direction alone
        return stats.norm(0), stats.norm(math.sqrt(2 * pair.kl))
    if isinstance(pair, known.Uniforms):
        real, fake = (stats.uniform(a, b - a) for a, b in (pair.real, pair.fake))
        return real, fake
    if isinstance(pair, known.Exponentials):
        return stats.expon(scale=pair.real), stats.expon(scale=pair.fake)
    if isinstance(pair, known.Bernoullis):
        return [1 - pair.real, pair.real], [1 - pair.fake, pair.fake]
    if isinstance(pair, known.Line | known.Simplex):
        return pair.real, pair.fake
    return None


def _held_out(fitted: FittedCritic, pair: known.Pair, n: int, seed: int) -> list[Batch]:
    """New points with the discriminator's values, in parts; of a stream apart from training's."""
    device = next(fitted.critic.parameters()).device
    clouds = pair.sample(n, np.random.default_rng([seed, 1]))
    dtype = torch.float32 if fitted.unit == 1 else torch.float64  # which raw units need
    real, fake = (torch.as_tensor(z, dtype=dtype, device=device) for z in clouds)
    with torch.no_grad():
        batch = evaluated(fitted.critic, real, fake)
    return [Batch(*part) for part in zip(*(z.chunk(PARTS) for z in batch), strict=True)]
