"""Known pairs on the line.

With distribution functions F, G and quantile functions F^-1, G^-1 (Vallender 1974),

    EM = int |F(z) - G(z)| dz = int_0^1 |F^-1(u) - G^-1(u)| du,   f*'(z) = sign(G(z) - F(z)).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import copysign, exp, inf, log, log1p, pi, sqrt
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import ndtr, ndtri

from wganlab.exact import densities
from wganlab.exact.known.pair import Computed, Pair, check, check_scales

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]


@dataclass(frozen=True)
class Uniforms(Pair):
    """Uniform laws on two intervals.

    Examples
    --------
    >>> Uniforms(real=(0, 1), fake=(2, 4)).emd
    2.5
    """

    law: ClassVar[str] = "uniform on two intervals"
    real: tuple[float, float] = (2.0, 4.0)
    """Ends of the interval of P."""
    fake: tuple[float, float] = (0.0, 1.0)
    """Ends of the interval of Q."""

    def __post_init__(self) -> None:
        check(self)
        for low, high in (self.real, self.fake):
            if not low < high:
                raise ValueError(f"the interval ({low}, {high}) is empty: give low < high")

    @property
    def _gaps(self) -> tuple[float, float]:
        return self.real[0] - self.fake[0], self.real[1] - self.fake[1]

    @property
    def _densities(self) -> tuple[float, float]:
        return 1 / (self.real[1] - self.real[0]), 1 / (self.fake[1] - self.fake[0])

    @property
    def _overlap(self) -> float:
        return max(0.0, min(self.real[1], self.fake[1]) - max(self.real[0], self.fake[0]))

    @property
    def emd(self) -> float:
        # F^-1 - G^-1 runs linearly from one gap to the other
        first, last = self._gaps
        if np.sign(first) * np.sign(last) >= 0:
            return abs(first + last) / 2
        share = first / (first - last)  # of the quantiles, up to where the two functions cross
        return (abs(first) * share + abs(last) * (1 - share)) / 2

    @property
    def tv(self) -> float:
        return 1 - self._overlap * min(self._densities)

    @property
    def js(self) -> float:
        p, q = self._densities
        shared = self._overlap * (p * log(2 * p / (p + q)) + q * log(2 * q / (p + q)))
        alone = (1 - self._overlap * p) + (1 - self._overlap * q)
        return (shared + alone * log(2)) / 2

    @property
    def kl(self) -> float:
        return _uniform_kl(self.real, self.fake)

    @property
    def reverse_kl(self) -> float:
        return _uniform_kl(self.fake, self.real)

    def _real(self, u: Points) -> Points:
        return self.real[0] + (self.real[1] - self.real[0]) * u

    def _fake(self, u: Points) -> Points:
        return self.fake[0] + (self.fake[1] - self.fake[0]) * u

    def _critic(self, z: Points) -> NDArray[np.float64]:
        first, last = self._gaps
        if np.sign(first) * np.sign(last) >= 0:  # one law lies to the right of the other
            return np.sign(first + last) * z[:, 0]
        crossing = self.real[0] + (self.real[1] - self.real[0]) * first / (first - last)
        return np.sign(last) * np.abs(z[:, 0] - crossing)


def _uniform_kl(p: tuple[float, float], q: tuple[float, float]) -> float:
    inside = q[0] <= p[0] and p[1] <= q[1]
    return log((q[1] - q[0]) / (p[1] - p[0])) if inside else inf


@dataclass(frozen=True)
class Exponentials(Pair):
    """Exponential laws of two means; EM is the difference of the means.

    Examples
    --------
    >>> Exponentials(real=1, fake=3).emd
    2.0
    """

    law: ClassVar[str] = "exponential laws of two means"
    real: float = 1.0
    """Mean of P."""
    fake: float = 3.0
    """Mean of Q."""

    def __post_init__(self) -> None:
        check(self)
        if not min(self.real, self.fake) > 0:
            raise ValueError("the mean of an exponential law is positive")

    @property
    def emd(self) -> float:
        return float(abs(self.real - self.fake))

    @property
    def tv(self) -> float:
        a, b = sorted((self.real, self.fake))
        if a == b:
            return 0.0
        # the densities are equal at x / b = crossing a / b, x / a = crossing
        crossing = (
            _log_ratio(b, a) / (1 - a / b) if a / b < 0.5 else _log_ratio(b, a) * (b / (b - a))
        )
        return exp(-crossing * (a / b)) - exp(-crossing)

    @property
    def kl(self) -> float:
        return max(0.0, _log_ratio(self.fake, self.real) + self.real / self.fake - 1)

    @property
    def reverse_kl(self) -> float:
        return max(0.0, _log_ratio(self.real, self.fake) + self.fake / self.real - 1)

    def _real(self, u: Points) -> Points:
        return -self.real * np.log1p(-u)

    def _fake(self, u: Points) -> Points:
        return -self.fake * np.log1p(-u)

    def _critic(self, z: Points) -> NDArray[np.float64]:
        return np.sign(self.real - self.fake) * z[:, 0]


def _log_ratio(a: float, b: float) -> float:
    return log(a / b) if 0 < a / b < inf else log(a) - log(b)


@dataclass(frozen=True)
class Bernoullis(Pair):
    """Bernoulli laws on {0, 1}; EM = TV = |p - q|."""

    law: ClassVar[str] = "Bernoulli laws on {0, 1}"
    real: float = 0.2
    """Probability of 1 under P."""
    fake: float = 0.7
    """Probability of 1 under Q."""

    def __post_init__(self) -> None:
        check(self)
        if not 0 <= min(self.real, self.fake) <= max(self.real, self.fake) <= 1:
            raise ValueError("a probability lies in [0, 1]")

    @property
    def emd(self) -> float:
        return abs(self.real - self.fake)

    @property
    def tv(self) -> float:
        return abs(self.real - self.fake)

    @property
    def js(self) -> float:
        middle = (self.real + self.fake) / 2
        return (_bernoulli_kl(self.real, middle) + _bernoulli_kl(self.fake, middle)) / 2

    @property
    def kl(self) -> float:
        return _bernoulli_kl(self.real, self.fake)

    @property
    def reverse_kl(self) -> float:
        return _bernoulli_kl(self.fake, self.real)

    def _real(self, u: Points) -> Points:
        return (u >= 1 - self.real).astype(float)

    def _fake(self, u: Points) -> Points:
        return (u >= 1 - self.fake).astype(float)

    def _critic(self, z: Points) -> NDArray[np.float64]:
        return np.sign(self.real - self.fake) * z[:, 0]


def _bernoulli_kl(p: float, q: float) -> float:
    terms = ((p, q), (1 - p, 1 - q))
    if any(s > 0 and t == 0 for s, t in terms):
        return inf
    return max(0.0, sum(s * log(s / t) for s, t in terms if s > 0))


@dataclass(frozen=True)
class Normals(Pair):
    """Normal laws on the line; EM = E|m + s Z| with m the difference of means, s of deviations.

    Examples
    --------
    >>> Normals(real=(1, 2), fake=(0, 2)).emd
    1.0
    """

    law: ClassVar[str] = "normal laws on the line"
    real: tuple[float, float] = (0.0, 1.0)
    """Mean and standard deviation of P."""
    fake: tuple[float, float] = (1.0, 2.0)
    """Mean and standard deviation of Q."""

    def __post_init__(self) -> None:
        check(self)
        if not min(self.real[1], self.fake[1]) > 0:
            raise ValueError("a standard deviation is positive")
        check_scales(*self.real, *self.fake)

    @property
    def emd(self) -> float:
        m, s = abs(self.real[0] - self.fake[0]), abs(self.real[1] - self.fake[1])
        if s == 0:
            return float(m)
        folded = m * (2 * ndtr(m / s) - 1) + s * sqrt(2 / pi) * exp(-((m / s) ** 2) / 2)
        return float(folded)

    @property
    def w2(self) -> float:
        return float(np.hypot(self.real[0] - self.fake[0], self.real[1] - self.fake[1]))

    @property
    def tv(self) -> float:
        (m1, s1), (m2, s2) = self.real, self.fake
        if s1 == s2:
            return float(2 * ndtr(abs(m1 - m2) / (2 * s1)) - 1)
        # with origin at m1 the densities cross where A x^2 + B x + C = 0
        m, step = m2 - m1, (s2 - s1) / s1
        a, b = (s2 - s1) * (s2 + s1) / (s1 * s2) ** 2, 2 * m / s2**2
        c = -((m / s2) ** 2) - 2 * log1p(step)
        q = -(b + copysign(sqrt(b**2 - 4 * a * c), b)) / 2  # no cancellation for s1 near s2
        ends = np.sort([q / a, c / q])
        real, fake = np.diff(ndtr(ends / s1))[0], np.diff(ndtr((ends - m) / s2))[0]
        return float(abs(real - fake))

    @property
    def kl(self) -> float:
        return _normal_kl(self.real, self.fake)

    @property
    def reverse_kl(self) -> float:
        return _normal_kl(self.fake, self.real)

    def _real(self, u: Points) -> Points:
        return self.real[0] + self.real[1] * ndtri(u)

    def _fake(self, u: Points) -> Points:
        return self.fake[0] + self.fake[1] * ndtri(u)

    def _critic(self, z: Points) -> NDArray[np.float64]:
        (m1, s1), (m2, s2) = self.real, self.fake
        if s1 == s2:
            return np.sign(m1 - m2) * z[:, 0]
        # F = G at m1 + turn; |z - m1 - turn| - |turn|, without cancellation where that is far away
        x, turn = z[:, 0] - m1, s1 * (m2 - m1) / (s1 - s2)
        side = -np.sign(turn) or 1.0
        near = (x >= turn) if side > 0 else (x < turn)
        return np.sign(s1 - s2) * side * np.where(near, x, 2 * turn - x)


def _normal_kl(p: tuple[float, float], q: tuple[float, float]) -> float:
    value = log(q[1] / p[1]) + (p[1] ** 2 + (p[0] - q[0]) ** 2) / (2 * q[1] ** 2) - 0.5
    return max(0.0, value)


@dataclass(frozen=True)
class Line(Computed):
    """Any two continuous laws on the line with finite means, by quadrature to 1e-8.

    Parameters
    ----------
    real, fake : frozen continuous SciPy distributions
        The laws P and Q.

    Examples
    --------
    >>> from scipy import stats
    >>> round(Line(stats.gamma(2), stats.gamma(5)).emd, 9)
    3.0
    """

    law: ClassVar[str] = "any two continuous laws on the line"
    real: Any
    fake: Any

    def __post_init__(self) -> None:
        for name, law in (("real", self.real), ("fake", self.fake)):
            if densities.edges_of(law) is not None and not hasattr(law, "dist"):
                law = law()  # a histogram has its parameters, frozen or not
                object.__setattr__(self, name, law)
            if not (hasattr(law, "dist") and hasattr(law.dist, "logpdf")):
                raise ValueError(f"{name} is no frozen continuous law: give one, as stats.norm()")
            densities.quantiles(law, name)

    @property
    def emd(self) -> float:
        splits = (*densities.quantiles(self.real), *densities.quantiles(self.fake))
        splits += densities.crossings(self._excess, splits)
        return densities.quadrature(lambda x: abs(self._excess(x)), splits)

    def _excess(self, x: Any) -> Any:
        """G - F, from the side on which it does not cancel."""
        lower = self.fake.cdf(x) - self.real.cdf(x)
        upper = self.real.sf(x) - self.fake.sf(x)
        return np.where(self.real.cdf(x) < 0.5, lower, upper)[()]

    def _real(self, u: Points) -> Points:
        return self.real.ppf(u)

    def _fake(self, u: Points) -> Points:
        return self.fake.ppf(u)

    def _critic(self, z: Points) -> NDArray[np.float64]:
        # the slope is the sign of G - F, told between its changes where G - F is clearest
        splits = (*densities.quantiles(self.real), *densities.quantiles(self.fake))
        roots = densities.crossings(self._excess, splits)
        grid = np.unique([law.isf(np.linspace(0, 1, 2002)[1:-1]) for law in (self.real, self.fake)])
        grid = np.union1d(grid, [x for x in splits if np.isfinite(x)])
        knots = np.array([min(grid[0], z.min()) - 1, *roots, max(grid[-1], z.max()) + 1])
        excess, slopes = self._excess(grid), np.zeros(len(knots) - 1)
        for k, (low, high) in enumerate(itertools.pairwise(knots)):
            inside = excess[(low < grid) & (grid < high)]
            if len(inside):
                slopes[k] = np.sign(inside[np.abs(inside).argmax()])
        values = np.concatenate([[0], np.cumsum(slopes * np.diff(knots))])
        return np.interp(z[:, 0], knots, values) - np.interp(grid[0], knots, values)
