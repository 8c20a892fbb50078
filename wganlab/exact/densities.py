"""Densities on the line, and integrals over them by adaptive quadrature (QUADPACK) to 1e-8.

The line is cut at the quantiles, supports and breaks of both laws, so that no peak is missed; the
tails beyond are integrated in units of the bulk's width. Densities are handled as logarithms,
which do not underflow. An integral that does not reach its tolerance raises.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

QUADRATURE_TOLERANCE = 1e-8

Integrand: TypeAlias = Callable[[float, float], float]  # of log p(x) and log q(x)


@dataclass(frozen=True)
class Density:
    """A density on the line, given by a function.

    Parameters
    ----------
    pdf : callable
        float -> density at that point; it must integrate to 1 over `support`.
    support : (float, float)
        Ends of the interval where the density lives; either may be infinite.
    breaks : sequence of float
        Points inside the support where the density jumps, bends or has a narrow peak.
    logpdf : callable, optional
        Logarithm of `pdf`; needed by `kl` where `pdf` underflows to 0 inside its support.

    Examples
    --------
    >>> from wganlab.exact import tv
    >>> ramp = Density(lambda x: 2 * x, support=(0, 1))
    >>> flat = Density(lambda x: 1.0, support=(0, 1))
    >>> round(tv(ramp, flat), 9)
    0.25
    """

    pdf: Callable[[float], float]
    support: tuple[float, float]
    breaks: tuple[float, ...] = ()
    logpdf: Callable[[float], float] | None = None

    def __post_init__(self) -> None:
        low, high = self.support
        if not low < high:
            raise ValueError(f"support is ({low}, {high}): expected low < high")


def is_density(law: Any) -> bool:
    """Is it a Density or a frozen SciPy distribution?"""
    return isinstance(law, Density) or (hasattr(law, "support") and hasattr(law, "ppf"))


@dataclass(frozen=True)
class LogDensity:
    """A log density, -inf off its support, with the points where quadrature is to be split."""

    name: str
    log: Callable[[float], float]
    support: tuple[float, float]
    splits: tuple[float, ...]
    trusted: bool  # -inf inside the support is a zero of the density, not an underflow

    def __call__(self, x: float) -> float:
        low, high = self.support
        return float(self.log(x)) if low <= x <= high else -np.inf


def _log_density(law: Any, name: str) -> LogDensity:
    if isinstance(law, Density):
        log = law.logpdf or _log_of(law.pdf, name)
        splits, trusted = (*law.support, *law.breaks), law.logpdf is not None
        density = LogDensity(name, log, law.support, splits, trusted)
        mass = quadrature(lambda x: float(np.exp(density(x))), density.splits)
        if abs(mass - 1) > QUADRATURE_TOLERANCE:
            raise ValueError(
                f"the density {name} integrates to {mass:.10g}, expected 1: check its "
                "normalization and support, and give the places of jumps and peaks as `breaks`"
            )
        return density
    if is_density(law) and hasattr(law, "logpdf") and hasattr(law.dist, "logpdf"):
        return LogDensity(name, law.logpdf, law.support(), quantiles(law), trusted=False)
    raise ValueError(
        f"{name} is no density: expected a frozen continuous SciPy distribution or "
        "Density(pdf, support); for a discrete law pass its pmf as an array"
    )


def _log_of(pdf: Callable[[float], float], name: str) -> Callable[[float], float]:
    def logpdf(x: float) -> float:
        value = float(pdf(x))
        if not 0 <= value < np.inf:
            raise ValueError(f"the density {name} is {value} at {x:.6g}")
        return float(np.log(value)) if value > 0 else -np.inf

    return logpdf


def quantiles(law: Any) -> tuple[float, ...]:
    """Ends and quantiles of a frozen SciPy distribution, far into both tails."""
    levels = [1e-12, 1e-9, 1e-6, 1e-4, 1e-2, 0.1, 0.25, 0.5]
    return (*law.support(), *law.ppf(levels), *law.isf(levels))


def log_densities(p: Any, q: Any) -> tuple[LogDensity, LogDensity]:
    """Both laws as log densities, checked to integrate to 1."""
    return _log_density(p, "p"), _log_density(q, "q")


def integrate(integrand: Integrand, f: LogDensity, g: LogDensity) -> float:
    """The integral of integrand(log p(x), log q(x)) over the line, to 1e-8, at least 0."""
    return max(0.0, quadrature(lambda x: integrand(f(x), g(x)), (*f.splits, *g.splits)))


def _pieces(splits: tuple[float, ...]) -> list[tuple[float, float, float, float]]:
    """The line cut at `splits`: (origin, scale, low, high) with x = origin + scale t."""
    cuts = np.unique([x for x in splits if np.isfinite(x)])
    if len(cuts) == 0:
        cuts = np.zeros(1)
    scale = (cuts[-1] - cuts[0]) or 1.0  # tails are integrated in units of the bulk's width
    inner = [(low, high - low, 0.0, 1.0) for low, high in itertools.pairwise(cuts)]
    return [(cuts[0], scale, -np.inf, 0.0), *inner, (cuts[-1], scale, 0.0, np.inf)]


def escapes(f: LogDensity, g: LogDensity) -> bool:
    """Does the law of density f put mass where the density g vanishes?"""
    for origin, scale, low, high in _pieces((*f.splits, *g.splits)):
        inside = np.linspace(0.03, 0.97, 9)
        if low == -np.inf:
            inside = 1 - 1 / inside
        elif high == np.inf:
            inside = 1 / inside - 1
        for x in origin + scale * inside:
            if np.exp(f(x)) > 0 and g(x) == -np.inf:
                if g.support[0] < x < g.support[1] and not g.trusted:
                    raise ValueError(
                        f"the density {g.name} is 0 at {x:.6g}, inside its support, where "
                        f"{f.name} is not: if it underflows there, give "
                        "Density(pdf, support, logpdf=...); if it is 0 there, KL is inf"
                    )
                return True
    return False


def quadrature(function: Callable[[float], float], splits: tuple[float, ...]) -> float:
    """Integral of `function` over the line, cut at `splits`, to 1e-8; RuntimeError if not."""
    from scipy.integrate import quad

    total = error = 0.0
    divergent = False
    for origin, scale, low, high in _pieces(splits):
        # rounding must not carry x onto an end, where a density may be infinite
        first = np.nextafter(origin + scale * low, np.inf)
        last = np.nextafter(origin + scale * high, -np.inf)
        value, uncertainty, _, *message = quad(
            lambda t, o=origin, s=scale, a=first, b=last: s * function(min(max(o + s * t, a), b)),
            low,
            high,
            epsabs=1e-11,
            epsrel=1e-11,
            limit=200,
            full_output=1,  # no warnings: error estimate and message are read instead
        )
        total, error = total + value, error + uncertainty
        # QUADPACK extrapolates a divergent integral to a finite number with a small error
        divergent |= bool(message) and "divergent" in message[0]
    if divergent or not error <= QUADRATURE_TOLERANCE * max(1.0, abs(total)) < np.inf:
        raise RuntimeError(
            f"quadrature reached {total:.6g} with an error of {error:.1g}, more than 1e-8: the "
            "integral may be infinite; otherwise give the places of jumps and peaks as `breaks`"
        )
    return total
