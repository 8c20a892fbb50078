"""The points that decide: blocks for the lower side, replicates of exact distances for the upper.

Both sides are unbiased means of independent numbers: of a block of points the mean of f(x) - f(y),
for a critic f of slope at most 1; of a replicate EM of n points of each law, and the same critic's
gap there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from wganlab import exact
from wganlab.compare.brackets.provable import Provable, UnprovenError, refuse_steeper
from wganlab.compare.brackets.radii import Mean, bernstein, mcdiarmid
from wganlab.compare.brackets.sources import at_most

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wganlab.compare.brackets.sources import Part
    from wganlab.compare.brackets.two_laws import Laws

    Array = NDArray[np.float64]

ROUNDING = 1e-6  # of the reach of a critic: more than float32 on the way leaves of a mean
NOTHING = Mean(0.0, math.inf, 1.0)
SMALLEST = 1e-150  # spread of points, of which squares are far from the smallest of float64
EDGE = 1e-9  # relative, of a distance: more than its rounding


@dataclass
class Evidence:
    """What is seen of one critic, or of none, on points that nothing was chosen by."""

    laws: Laws
    critic: Provable | None
    part: tuple[Part, Part] = ("certification", "upper")
    """Where the points of each side come from."""
    means: list[float] = field(default_factory=list)
    spreads: list[tuple[int, float]] = field(default_factory=list)
    """Of a block of pairs: how many, and the sum of squares about their mean."""
    pairs: list[tuple[float, float]] = field(default_factory=list)
    """Of a replicate: the exact distance, and the critic's gap."""
    equal: bool = False
    """Are as many points taken of both laws, which bounds of finite samples count on?"""
    reach: float = 0.0
    """The longest way from the first point of a replicate to another."""
    fewest: float = math.inf
    """Points of the law that has fewer in a replicate."""

    def __post_init__(self) -> None:
        for part in self.part:
            self.laws.again(part)

    def certify(self, blocks: int, block: int, of: int) -> None:
        """Look at the critic's gap on blocks of points, until there are so many; in all `of`.

        Raises
        ------
        UnprovenError
            If the critic is not what was proven.
        """
        if self.critic is None:
            return
        while len(self.means) < blocks:
            x, y = self._drawn(0, block, of)
            f, g = self.critic(x), self.critic(y)
            seen, values = np.concatenate([x, y]), np.concatenate([f, g])
            refuse_steeper(self.critic.name, seen, values, np.random.default_rng(len(self.means)))
            self.means.append(float(f.mean() - g.mean()))
            n = min(len(f), len(g))
            rises = f[:n] - g[:n]
            self.spreads.append((n, float(np.square(rises - rises.mean()).sum())))

    def transport(self, replicates: int, points: int, of: int) -> None:
        """Solve exact distances, until there are so many; in all `of`."""
        while len(self.pairs) < replicates:
            x, y = self._drawn(1, points, of)
            flat = [cloud.reshape(len(cloud), -1) for cloud in (x, y)]
            ends = np.concatenate(flat)
            far = float(np.abs(ends - ends[0]).max())
            if 0 < far < SMALLEST:
                raise ValueError(
                    f"points are {far:.3g} apart, where squares of distances leave float64: choose "
                    "a smaller unit"
                )
            self.reach = max(self.reach, float(np.linalg.norm(ends - ends[0], axis=1).max()))
            self.fewest = min(self.fewest, len(x), len(y))
            gap = math.nan if self.critic is None else self._gap(x, y)
            self.pairs.append((exact.emd(*flat), gap))

    def _drawn(self, side: int, n: int, of: int) -> tuple[Array, Array]:
        if self.equal:
            n = at_most(n, self.laws.left(self.part[side]), of)
        return self.laws.draw(self.part[side], n, of)

    def _gap(self, x: Array, y: Array) -> float:
        assert self.critic is not None
        try:
            return float(self.critic(x).mean() - self.critic(y).mean())
        except UnprovenError:
            return math.nan

    def refuse(self) -> None:
        """Forget the critic, which was not what was proven."""
        self.critic = None
        self.means.clear()
        self.spreads.clear()
        self.pairs = [(distance, math.nan) for distance, _ in self.pairs]

    @property
    def certified(self) -> int:
        """Points of each law in the blocks; of that which has fewer."""
        return sum(count for count, _ in self.spreads)

    def _unseen(self, level: float) -> float:
        """What rounding may leave, and values so rare that none of the points may have shown them.

        Of such a share p nothing is seen with probability (1 - p)^n, which is `level` at
        p = log(1 / level) / n: to be sure, it is all at the far end of the critic's range.
        """
        assert self.critic is not None
        rare = math.log(1 / level) / max(self.certified, 1)
        return (rare + ROUNDING) * self.critic.reach

    @property
    def gap(self) -> Mean:
        """Of the critic, over its constant."""
        return Mean.of(self.means) if self.means else NOTHING

    @property
    def distance(self) -> Mean:
        """The mean of the exact distances."""
        return Mean.of([distance for distance, _ in self.pairs])

    @property
    def excess(self) -> Mean:
        """The same less the critic's gap between the points of each; nothing without a critic."""
        excess = [distance - gap for distance, gap in self.pairs]
        return Mean.of(excess) if np.isfinite(excess).all() else NOTHING

    def lower(self, level: float, *, finite_sample: bool) -> float:
        """What W1 is below with no more than that probability: by Student's t, or Bernstein."""
        if self.critic is None or not self.means:
            return 0.0
        mean, unseen, n = self.gap.value, self._unseen(level), self.certified
        if not finite_sample:
            return max(0.0, mean - self.gap.radius(level) - unseen)
        centers = np.repeat(self.means, [count for count, _ in self.spreads])
        squares = sum(spread for _, spread in self.spreads) + n * float(centers.var())
        radius = bernstein(n, squares / (n - 1), 2 * self.critic.reach, level)
        return max(0.0, mean - radius - unseen)

    def upper(self, level: float, *, corrected: bool) -> float:
        """What W1 is above with no more than that probability: by Student's t."""
        told = self.distance
        if corrected and math.isfinite(self.gap.variance + self.excess.variance):
            told = self.gap + self.excess
        unseen = 0.0 if told == self.distance else self._unseen(level)
        return told.value + told.radius(level) + EDGE * abs(told.value) + unseen

    def upper_within(self, diameter: float, level: float) -> float:
        """The same by McDiarmid, for laws on a set of that diameter.

        Raises
        ------
        ValueError
            If two points are further apart.
        """
        if self.reach > diameter * (1 + EDGE):
            raise ValueError(
                f"diameter = {diameter:g}, and two points are {self.reach:g} apart: give the "
                "diameter of a set that holds all points of both laws"
            )
        value = self.distance.value * (1 + EDGE)
        coupled, n = self.laws.coupled, int(self.fewest)
        return value + mcdiarmid(diameter, n, len(self.pairs), level, coupled=coupled)
