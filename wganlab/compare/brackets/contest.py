"""Which critic bounds the distance from below: several are trained, and one is chosen.

Each of those that take part in a tournament (`learned.Tournament`) is trained for a share of its
steps, and judged by its gap over its proven constant on points of the SELECTION alone; the best one
is trained further. In few dimensions the potentials of an exact transport between training points
compete, extended to all of space; so may critics of the user's, as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wganlab import exact
from wganlab.compare.brackets.provable import Provable
from wganlab.learned import Tournament, fit_critic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from wganlab.learned import FittedCritic, Method

    Array = NDArray[np.float64]

FEW = 3  # dimensions, up to which potentials of points are worth while
TRIED = 20  # steps to learn how long one takes
LONGEST = 1.5  # times its own number of steps, at most
MOST = 0.25  # share of its steps before the choice
AT_ONCE = 2**24  # distances in float64


@dataclass(frozen=True, eq=False)
class Entrant:
    """One that is trained, with the time that a step of it takes."""

    name: str
    method: Method
    seconds: float

    @property
    def steps(self) -> int:
        """Its own number of steps."""
        assert self.method.steps is not None
        return self.method.steps

    @property
    def whole(self) -> float:
        """Seconds that they take."""
        return self.steps * self.seconds


def potentials(x: Array, y: Array) -> Provable:
    """The optimal critic of two clouds, extended to all of space halfway between both extensions.

    Of a 1-Lipschitz function on points p_j, max_j f(p_j) - |z - p_j| is the lowest 1-Lipschitz
    extension and min_j f(p_j) + |z - p_j| the highest (McShane 1934); so is their mean.

    Examples
    --------
    >>> f = potentials(np.zeros((1, 1)), np.full((1, 1), 3.0))
    >>> f(np.array([[0.0], [1.0], [3.0]])).round(6)
    array([-0., -1., -3.])
    """
    flat = [cloud.reshape(len(cloud), -1) for cloud in (x, y)]
    transport = exact.wasserstein(*flat)
    apexes = torch.from_numpy(np.concatenate(flat))
    heights = torch.from_numpy(transport.critic(np.concatenate(flat)))

    def ask(z: Array) -> Array:
        points = torch.from_numpy(z.reshape(len(z), -1))
        values = []
        for part in points.split(max(1, AT_ONCE // len(apexes))):
            far = torch.cdist(part, apexes, compute_mode="donot_use_mm_for_euclid_dist")
            values.append(((heights - far).amax(dim=1) + (heights + far).amin(dim=1)) / 2)
        return torch.cat(values).numpy()

    return Provable("potentials", ask, 1.0, transport)


@dataclass(frozen=True, eq=False)
class Training:
    """What all critics of a bracket are trained on, and how."""

    laws: tuple[Any, Any]
    seed: int
    device: Any

    def fit(self, method: Method, steps: int) -> FittedCritic:
        """A critic of that method after so many steps."""
        return fit_critic(
            *self.laws,
            constraint=method.constraint,
            critic=method.critic,
            optimizer=method.optimizer,
            steps=steps,
            batch=method.batch,
            seed=self.seed,
            held_out=0,
            records=1,
            progress=False,
            device=self.device,
            threads=None,
        )

    def entrants(self, shape: tuple[int, ...], *, timed: bool) -> Iterator[Entrant]:
        """Those of a tournament for points of that shape; timed by a few steps, or nan."""
        for name, method in Tournament().at(shape):
            seconds = self.fit(method, TRIED).seconds / TRIED if timed else math.nan
            yield Entrant(name, method, seconds)


def share_of(seconds: float, entrants: list[Entrant]) -> float:
    """Share of its steps for each, so that one can be trained four times as long, in that time."""
    longest = max(entrant.whole for entrant in entrants)
    return min(MOST, seconds / (sum(entrant.whole for entrant in entrants) + 4 * longest))
