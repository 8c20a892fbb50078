"""Known pairs in R^d that differ by a dilation: P is the law of r x, Q the law of R x.

The plan that sends r x to R x moves along rays, on which |z| has slope 1. So, for any law of x
with a finite mean norm,

    EM = |R - r| E|x|,   f*(z) = sign(r - R) |z|.

Where the direction x / |x| is uniform on the sphere and independent of |x|, the divergences are
those of the two laws of the radius.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, inf, log, log1p, sqrt
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import chdtr, chdtrc, gammaln, ndtri, xlogy

from wganlab.exact.known.line import Exponentials
from wganlab.exact.known.pair import Pair, check, check_scales

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]


def spherical(u: Points) -> tuple[Points, NDArray[np.float64]]:
    """From u uniform in the cube: directions uniform on the sphere, and independent levels.

    Returns
    -------
    directions : array (n, d)
        Unit vectors.
    levels : array (n,)
        Uniform in [0, 1].
    """
    normal = ndtri(u)
    radius = np.linalg.norm(normal, axis=1)  # (n,)
    return normal / radius[:, None], chdtrc(u.shape[1], radius**2)


class Radial(Pair):
    """A law and its dilation; a subclass gives the law of x, its mean norm and the two scales."""

    dimension: int

    def __post_init__(self) -> None:
        check(self)
        if not min(self._scales) > 0:
            raise ValueError(f"{min(self._scales)} is no scale: give a positive number")
        check_scales(*self._scales)
        if self.dimension < 1:
            raise ValueError(f"dimension = {self.dimension}: give at least 1")

    @property
    def _scales(self) -> tuple[float, float]:
        raise NotImplementedError

    @property
    def _mean_norm(self) -> float:
        return 1.0

    def _unit(self, u: Points) -> Points:
        """The law of x."""
        raise NotImplementedError

    @property
    def dim(self) -> int:
        return self.dimension

    @property
    def emd(self) -> float:
        real, fake = self._scales
        return abs(real - fake) * self._mean_norm

    def _real(self, u: Points) -> Points:
        return self._scales[0] * self._unit(u)

    def _fake(self, u: Points) -> Points:
        return self._scales[1] * self._unit(u)

    def _critic(self, z: Points) -> NDArray[np.float64]:
        return np.sign(self._scales[0] - self._scales[1]) * np.linalg.norm(z, axis=1)


@dataclass(frozen=True)
class ScaledGaussians(Radial):
    """N(0, s1^2 I) and N(0, s2^2 I); EM = |s1 - s2| sqrt(2) Gamma((d + 1) / 2) / Gamma(d / 2).

    Examples
    --------
    >>> round(ScaledGaussians(real=1, fake=2, dimension=10).emd, 4)
    3.0843
    """

    law: ClassVar[str] = "centered Gaussian laws of covariances s1^2 I and s2^2 I"
    real: float = 1.0
    """Standard deviation of each coordinate under P."""
    fake: float = 2.0
    """Standard deviation of each coordinate under Q."""
    dimension: int = 2
    """Dimension of the space."""

    @property
    def _scales(self) -> tuple[float, float]:
        return self.real, self.fake

    @property
    def _mean_norm(self) -> float:
        return sqrt(2) * exp(gammaln((self.dim + 1) / 2) - gammaln(self.dim / 2))

    def _unit(self, u: Points) -> Points:
        return ndtri(u)

    @property
    def w2(self) -> float:
        return abs(self.real - self.fake) * sqrt(self.dim)

    @property
    def tv(self) -> float:
        t = log(self.fake / self.real)
        if t == 0:
            return 0.0
        # squared radius where the densities are equal, in units of each variance
        real, fake = 2 * self.dim * t / -expm1(-2 * t), 2 * self.dim * t / expm1(2 * t)
        return float(abs(chdtr(self.dim, real) - chdtr(self.dim, fake)))

    @property
    def kl(self) -> float:
        return _gaussian_kl(self.real / self.fake, self.dim)

    @property
    def reverse_kl(self) -> float:
        return _gaussian_kl(self.fake / self.real, self.dim)


def _gaussian_kl(ratio: float, dimension: int) -> float:
    return dimension * ((ratio**2 - 1) / 2 - log(ratio))


@dataclass(frozen=True)
class Rescaling(Radial):
    """A law and its image under x -> s x; EM = |s - 1| E|x|.

    The law has a radius of exponential law of mean 1 and a uniform direction, so that E|x| = 1 in
    every dimension.

    Examples
    --------
    >>> Rescaling(scale=3, dimension=100).emd
    2.0
    """

    law: ClassVar[str] = "x with exponential radius and uniform direction, and the same times s"
    scale: float = 2.0
    """The factor s."""
    dimension: int = 3
    """Dimension of the space."""

    @property
    def _scales(self) -> tuple[float, float]:
        return 1.0, self.scale

    def _unit(self, u: Points) -> Points:
        directions, levels = spherical(u)
        return -np.log(levels)[:, None] * directions

    @property
    def tv(self) -> float:
        return Exponentials(*self._scales).tv

    @property
    def kl(self) -> float:
        return Exponentials(*self._scales).kl

    @property
    def reverse_kl(self) -> float:
        return Exponentials(*self._scales).reverse_kl


@dataclass(frozen=True)
class Spheres(Radial):
    """Uniform laws on concentric circles or spheres; EM is the difference of the radii.

    Examples
    --------
    >>> pair = Spheres(real=1, fake=1.5, dimension=128)
    >>> pair.emd, pair.tv, pair.kl
    (0.5, 1.0, inf)
    """

    law: ClassVar[str] = "uniform on concentric circles, spheres for dimension > 2"
    real: float = 1.0
    """Radius of P."""
    fake: float = 2.0
    """Radius of Q."""
    dimension: int = 2
    """Dimension of the space."""

    @property
    def _scales(self) -> tuple[float, float]:
        return self.real, self.fake

    def _unit(self, u: Points) -> Points:
        return spherical(u)[0]

    @property
    def tv(self) -> float:
        return float(self.real != self.fake)

    @property
    def js(self) -> float:
        return log(2) * self.tv

    @property
    def kl(self) -> float:
        return inf if self.real != self.fake else 0.0

    reverse_kl = kl


@dataclass(frozen=True)
class Balls(Radial):
    """Uniform laws on concentric disks or balls; EM = |R - r| d / (d + 1).

    Examples
    --------
    >>> pair = Balls(real=1, fake=2, dimension=3)
    >>> pair.emd, pair.tv
    (0.75, 0.875)
    """

    law: ClassVar[str] = "uniform on concentric disks, balls for dimension > 2"
    real: float = 1.0
    """Radius of P."""
    fake: float = 2.0
    """Radius of Q."""
    dimension: int = 2
    """Dimension of the space."""

    @property
    def _scales(self) -> tuple[float, float]:
        return self.real, self.fake

    @property
    def _mean_norm(self) -> float:
        return self.dim / (self.dim + 1)

    def _unit(self, u: Points) -> Points:
        directions, levels = spherical(u)
        return levels[:, None] ** (1 / self.dim) * directions

    @property
    def _log_volumes(self) -> float:
        """Logarithm of the smaller volume over the larger."""
        return -self.dim * abs(log(self.fake / self.real))

    @property
    def tv(self) -> float:
        return -expm1(self._log_volumes)

    @property
    def js(self) -> float:
        a = exp(self._log_volumes)
        return float(log(2) + (xlogy(a, a) - (1 + a) * log1p(a)) / 2)

    @property
    def kl(self) -> float:
        return -self._log_volumes if self.real <= self.fake else inf

    @property
    def reverse_kl(self) -> float:
        return -self._log_volumes if self.fake <= self.real else inf
