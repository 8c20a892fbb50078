"""Continuous laws in any dimension with a known optimal plan and critic: a W1 benchmark.

    u(z) = min_n (|z - a_n| + b_n),   a_n uniform in [-2.5, 2.5]^D,   b_n normal of deviation 0.1

is 1-Lipschitz and falls with slope 1 along the rays towards the bottoms a_n of its funnels. Q is
the law of y, uniform in the cube. P is the law of x, which is y drawn down its ray: the ray runs
from a_n through y to where it leaves the cube or another funnel takes over, and the relative
position s on it becomes s^8. Then u(y) - u(x) = |x - y|, so (x, y) is an optimal coupling and
f* = -u an optimal critic.

Korotin, Kolesov and Burnaev, "Kantorovich Strikes Back! Wasserstein GANs are not Optimal
Transport?", NeurIPS 2022.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.spatial.distance import cdist

from wganlab.exact.known.pair import Pair, check

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Points = NDArray[np.float64]

HALF_SIDE = 2.5
CHUNK, CHUNKS = 2**12, 2**6  # draws behind `emd`, in chunks that fit in memory


@dataclass(frozen=True)
class Funnels(Pair):
    """Uniform points of a cube, and the same drawn towards the bottoms of funnels.

    Examples
    --------
    >>> pair = Funnels(dimension=16)
    >>> x, y = pair.sample(5, np.random.default_rng(0), paired=True)
    >>> np.allclose(pair.critic(x) - pair.critic(y), np.linalg.norm(x - y, axis=1), atol=1e-12)
    True
    """

    law: ClassVar[str] = "uniform points of a cube drawn down funnels, and the points"
    dimension: int = 2
    """Dimension of the space."""
    funnels: int = 4
    """Number of funnels."""
    seed: int = 0
    """Seed of the funnels."""
    power: float = 8.0
    """Exponent of the relative position, at least 1; at 1 the laws are equal."""

    def __post_init__(self) -> None:
        check(self)
        if min(self.dimension, self.funnels) < 1:
            raise ValueError("give at least one dimension and one funnel")
        if not self.power >= 1:
            raise ValueError(f"power = {self.power}: below 1 points would move uphill")

    @property
    def dim(self) -> int:
        return self.dimension

    @property
    def emd(self) -> float:
        """E|x - y| over 2^18 paired draws of a fixed seed; `emd_error` is its standard error."""
        return self._estimate[0]

    @property
    def emd_error(self) -> float:
        """Standard error of `emd`."""
        return self._estimate[1]

    @cached_property
    def _estimate(self) -> tuple[float, float]:
        rng = self._rng(1)
        pairs = (self.sample(CHUNK, rng, paired=True) for _ in range(CHUNKS))
        lengths = np.concatenate([np.linalg.norm(x - y, axis=1) for x, y in pairs])
        return float(lengths.mean()), float(lengths.std() / np.sqrt(len(lengths)))

    def critic_gradient(self, z: ArrayLike) -> Points:
        """Gradient of the critic at points z of shape (k, dim): unit vectors, 0 at a bottom."""
        z = self._as_points(z)
        down = self._bottoms[self._heights(z).argmin(axis=1)] - z  # (k, dim)
        norms = np.linalg.norm(down, axis=1, keepdims=True)
        return down / np.where(norms > 0, norms, 1.0)

    def _rng(self, child: int) -> np.random.Generator:
        # a child of the seed: a sampler of the same seed must not draw the bottoms themselves
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(child,)))

    @cached_property
    def _drawn(self) -> tuple[Points, NDArray[np.float64]]:
        rng = self._rng(0)
        bottoms = rng.uniform(-HALF_SIDE, HALF_SIDE, size=(self.funnels, self.dim))
        return bottoms, 0.1 * rng.normal(size=self.funnels)

    @property
    def _bottoms(self) -> Points:
        """The points a_n, shape (funnels, dim)."""
        return self._drawn[0]

    @property
    def _offsets(self) -> NDArray[np.float64]:
        """The numbers b_n, shape (funnels,)."""
        return self._drawn[1]

    def _heights(self, z: Points) -> Points:
        """Every funnel |z - a_n| + b_n, shape (k, funnels)."""
        # differences, not |z|^2 + |a|^2 - 2 <z, a>, which loses half the digits near a bottom
        return cdist(z, self._bottoms) + self._offsets

    def _critic(self, z: Points) -> NDArray[np.float64]:
        return -self._heights(z).min(axis=1)

    def _fake(self, u: Points) -> Points:
        return HALF_SIDE * (2 * u - 1)

    def _real(self, u: Points) -> Points:
        y = self._fake(u)
        winner = self._heights(y).argmin(axis=1)
        bottoms = self._bottoms[winner]  # (n, dim)
        radius = np.linalg.norm(y - bottoms, axis=1)  # (n,)
        rays = (y - bottoms) / radius[:, None]
        end = np.minimum(radius + self._takeover(y, rays, winner), _exit(bottoms, rays))
        position = np.minimum(radius / end, 1.0)  # rounding may carry it beyond the end
        return bottoms + (position**self.power * end)[:, None] * rays

    def _takeover(self, y: Points, rays: Points, winner: NDArray[np.intp]) -> NDArray[np.float64]:
        """How far beyond y on its ray another funnel takes over; inf where none does."""
        heights = self._heights(y)  # (n, funnels)
        lowest = heights.min(axis=1, keepdims=True)
        # funnel m wins at t with |y + t v - a_m| = c + t: square, and t^2 cancels
        c = lowest - self._offsets
        closing = c - (np.sum(y * rays, axis=1, keepdims=True) - rays @ self._bottoms.T)
        closing[np.arange(len(y)), winner] = 0.0  # it does not overtake itself
        squares = (heights - lowest) * (heights + lowest - 2 * self._offsets)  # |y - a_m|^2 - c^2
        t = np.full_like(closing, np.inf)
        np.divide(squares, 2 * closing, out=t, where=closing > 0)
        return t.min(axis=1)


def _exit(inside: Points, rays: Points) -> NDArray[np.float64]:
    """How far rays from inside the cube run until they leave it."""
    far = np.full_like(rays, np.inf)
    np.divide(HALF_SIDE - np.sign(rays) * inside, np.abs(rays), out=far, where=rays != 0)
    return far.min(axis=1)
