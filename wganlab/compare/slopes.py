"""What is known of a critic's slope: the largest seen, a proven constant, and a declared one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from wganlab.compare import directions
from wganlab.learned import FittedCritic
from wganlab.learned.constraints.bounds import lipschitz_bound
from wganlab.learned.constraints.norms import made
from wganlab.learned.critics.foreign import Foreign, asked
from wganlab.learned.networks.standardized import Standardized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wganlab.compare.probe import Probe
    from wganlab.learned import Constraint

    Array = NDArray[np.float64]

POINTS = 1000  # of each cloud, at most, to look at
STEEP = 1e-4  # beyond slope 1, which is rounding


def steepest_seen(probe: Probe, real: Array, fake: Array, rng: np.random.Generator) -> float:
    """Largest gradient norm at up to 1,000 points of each, and between them."""
    real, fake = (z[rng.permutation(len(z))[:POINTS]] for z in (real, fake))
    k = min(len(real), len(fake))
    t = rng.uniform(size=(k,) + (1,) * (real.ndim - 1))
    points = np.concatenate([real, fake, t * real[:k] + (1 - t) * fake[:k]])
    return float(directions.norms(probe.gradients(points)).max())


def proven(
    critic: Any, constraint: Constraint | None, product: bool | None, shape: tuple[int, ...]
) -> float:
    """A proven Lipschitz constant, where it is to be told; inf elsewhere.

    Of a chain under a penalty the product is proven, and useless: `product` asks for it.
    """
    module = critic.critic if isinstance(critic, FittedCritic) else critic
    if not isinstance(module, nn.Module) or product is False:
        return math.inf
    if product or constraint is None or constraint.in_weights:
        return lipschitz_bound(module, shape)
    network = module.network if isinstance(module, Standardized) else module
    if not isinstance(asked(network), Foreign):
        return math.inf
    bound = lipschitz_bound(module, shape)
    return bound if made(network) is not None or bound <= 1 + STEEP else math.inf


def is_certified(critic: Any, slope: float) -> bool:
    """Is the slope at most 1 by the network itself, so that a penalty leaves no bias to take out?

    Of a plain chain that is proven; of a foreign network it is what was seen.
    """
    if not isinstance(critic, FittedCritic):
        return False
    if critic.lipschitz < math.inf:
        return critic.lipschitz <= 1 + STEEP
    network = critic.critic.network if isinstance(critic.critic, Standardized) else critic.critic
    return isinstance(asked(network), Foreign) and slope <= 1 + STEEP


def is_refuted(declared: float, found: float) -> bool:
    """Is a slope that was found larger than what was declared, beyond rounding?"""
    return found > declared * (1 + STEEP)


def verdict(declared: float, found: float) -> str:
    """What is to be said of a declared constant and the steepest slope that was found."""
    if is_refuted(declared, found):
        return f"declared, and WRONG: a slope of {found:.6g} was found"
    return f"declared, not proven; the steepest found is {found:.6g}"
