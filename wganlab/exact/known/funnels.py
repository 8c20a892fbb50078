"""Continuous laws in any dimension with a known optimal plan and critic: a W1 benchmark.

    u(z) = min_n (|z - a_n| + b_n),   a_n uniform in [-2.5, 2.5]^D,   b_n normal of deviation 0.1

is 1-Lipschitz and falls with slope 1 along the rays towards the bottoms a_n of its funnels. Q is
the law of y, uniform in the cube. P is the law of x, which is y drawn down its ray: the ray runs
from a_n through y to where it leaves the cube or another funnel takes over, and the relative
position s on it becomes s^8. Then u(y) - u(x) = |x - y|, so (x, y) is an optimal coupling and
f* = -u an optimal critic.

The funnels may be given in place of drawn, as those that the benchmark publishes (its files are
read by `wganlab.data.funnel_parameters`). All of the above holds for any a_n and b_n: where a
bottom lies outside the cube, Q stays in the cube and P is drawn out of it, towards that bottom.

Korotin, Kolesov and Burnaev, "Kantorovich Strikes Back! Wasserstein GANs are not Optimal
Transport?", NeurIPS 2022.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.spatial.distance import cdist

from wganlab.exact.arrays import as_array
from wganlab.exact.known.pair import Pair, check, check_scales

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Points = NDArray[np.float64]

HALF_SIDE = 2.5
CHUNK, CHUNKS = 2**12, 2**6  # draws behind `emd`, in chunks that fit in memory
DIMENSION, FUNNELS = 2, 4  # where nothing is given


@dataclass(frozen=True, repr=False)
class Funnels(Pair):
    """Uniform points of a cube, and the same drawn towards the bottoms of funnels.

    Examples
    --------
    >>> pair = Funnels(dimension=16)
    >>> x, y = pair.sample(5, np.random.default_rng(0), paired=True)
    >>> np.allclose(pair.critic(x) - pair.critic(y), np.linalg.norm(x - y, axis=1), atol=1e-12)
    True

    Funnels of one's own: two on the line, one lower by 0.5.

    >>> Funnels(bottoms=[[-1.0], [1.0]], offsets=[0.0, -0.5]).critic([[0.0]])
    array([-0.5])
    """

    law: ClassVar[str] = "uniform points of a cube drawn down funnels, and the points"
    dimension: int = None  # type: ignore[assignment]
    """Dimension of the space: 2, or that of the bottoms."""
    funnels: int = None  # type: ignore[assignment]
    """Number of funnels: 4, or as many as are given."""
    seed: int = 0
    """Seed of what is not given, and of the draws behind `emd`."""
    power: float = 8.0
    """Exponent of the relative position, at least 1; at 1 the laws are equal."""
    bottoms: ArrayLike | None = field(default=None, compare=False)
    """The points a_n, shape (funnels, dimension); drawn by default. A copy is kept, read-only."""
    offsets: ArrayLike | None = field(default=None, compare=False)
    """The numbers b_n, shape (funnels,), likewise."""
    given: str = field(init=False, default="")
    """A hash of the bottoms and offsets that were given, by which pairs are told apart."""

    def __post_init__(self) -> None:
        self._take()
        check(self)
        if min(self.dimension, self.funnels) < 1:
            raise ValueError("give at least one dimension and one funnel")
        if not self.power >= 1:
            raise ValueError(f"power = {self.power}: below 1 points would move uphill")

    def _take(self) -> None:
        """Copy in what was given, and fill in what follows from it; ValueError if they disagree."""
        bottoms = _taken(self.bottoms, "bottoms", ("funnels", "dimension"))
        offsets = _taken(self.offsets, "offsets", ("funnels",))
        if bottoms is not None and offsets is not None and len(bottoms) != len(offsets):
            raise ValueError(f"there are {len(bottoms)} bottoms and {len(offsets)} offsets")
        one = bottoms if offsets is None else offsets
        many = None if one is None else len(one)
        wide = None if bottoms is None else bottoms.shape[1]
        for name, follows, default in (("dimension", wide, DIMENSION), ("funnels", many, FUNNELS)):
            asked = getattr(self, name)
            if asked is None:
                object.__setattr__(self, name, default if follows is None else follows)
            elif follows is not None and asked != follows:
                raise ValueError(f"{name} = {asked!r}, and {follows} are given: leave {name} out")
        object.__setattr__(self, "bottoms", bottoms)
        object.__setattr__(self, "offsets", offsets)
        object.__setattr__(self, "given", "" if one is None else _hash(bottoms, offsets))

    def __repr__(self) -> str:
        told = f"Funnels(dimension={self.dimension}, funnels={self.funnels}, seed={self.seed}"
        own = f", given={self.given!r}" if self.given else ""
        return f"{told}, power={self.power!r}{own})"

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
        return self._drawn[0] if self.bottoms is None else self.bottoms  # type: ignore[return-value]

    @property
    def _offsets(self) -> NDArray[np.float64]:
        """The numbers b_n, shape (funnels,)."""
        return self._drawn[1] if self.offsets is None else self.offsets  # type: ignore[return-value]

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


def _taken(values: ArrayLike | None, name: str, axes: tuple[str, ...]) -> Points | None:
    """A read-only copy of what was given; ValueError for another shape than the axes'."""
    if values is None:
        return None
    array = as_array(values, name) + 0.0  # a copy, without -0.0
    if array.ndim != len(axes) or array.size == 0:
        raise ValueError(
            f"{name} has shape {array.shape}, expected ({', '.join(axes)}{',' * (len(axes) == 1)})"
        )
    check_scales(float(np.abs(array).max()))
    array.setflags(write=False)
    return array


def _hash(*arrays: Points | None) -> str:
    told = [b"-" if a is None else str(a.shape).encode() + a.tobytes() for a in arrays]
    return hashlib.sha256(b"|".join(told)).hexdigest()[:12]


def _exit(inside: Points, rays: Points) -> NDArray[np.float64]:
    """How far rays from inside the cube run until they leave it."""
    far = np.full_like(rays, np.inf)
    np.divide(HALF_SIDE - np.sign(rays) * inside, np.abs(rays), out=far, where=rays != 0)
    return far.min(axis=1)
