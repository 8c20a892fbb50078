"""Total variation, Kullback-Leibler and Jensen-Shannon divergence, exactly.

    TV(P, Q) = sup_A |P(A) - Q(A)| = 1/2 int |p - q|              in [0, 1]
    KL(P, Q) = int p log(p / q)                                   in [0, inf]
    JS(P, Q) = 1/2 KL(P, M) + 1/2 KL(Q, M),  M = (P + Q) / 2      in [0, log 2]

Logarithms are natural (nats). Infinity is an answer, and no epsilon is added anywhere. Sources
that leave out the halves of JS have twice this value (Goodfellow et al. 2014, proof of theorem 1,
and Arjovsky et al. 2017, section 2, differ in this); sources that define TV as the supremum of
E_P f - E_Q f over |f| <= 1 have 2 TV.

Each function takes two laws of one kind:

- probability mass functions: array_like of equal length, non-negative, of sum 1;
- `Discrete` measures, whose supports are matched exactly (points that differ in the last bit are
  different points, so two samples of a continuous law are disjoint);
- densities on the line: a frozen continuous SciPy distribution, or `Density(pdf, support)`.
  Their integrals are computed to 1e-8 absolute, or the call raises.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from wganlab.exact.measures import Discrete, as_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Law: TypeAlias = "ArrayLike | Discrete | Density | Any"

QUADRATURE_TOLERANCE = 1e-8


def tv(p: Law, q: Law) -> float:
    """Total variation sup_A |P(A) - Q(A)|, in [0, 1].

    Parameters
    ----------
    p, q : pmf of shape (n,), Discrete, Density, or frozen continuous SciPy distribution
        Both of one kind.

    Returns
    -------
    float
        As an integral probability metric over |f| <= 1 the supremum is twice this.

    Raises
    ------
    ValueError
        If the laws are not laws, or not of one kind.
    RuntimeError
        If an integral over densities does not converge to 1e-8.

    Examples
    --------
    >>> tv([0.5, 0.5, 0.0], [0.0, 0.5, 0.5])
    0.5
    """
    if _is_density(p) or _is_density(q):
        return _integrate(_tv_integrand, p, q)
    u, v = _masses(p, q)
    return float(0.5 * np.abs(u - v).sum())


def kl(p: Law, q: Law) -> float:
    """Kullback-Leibler divergence int p log(p / q) in nats, in [0, inf]; reverse KL is kl(q, p).

    It is `inf` when P puts mass where Q has none.

    Parameters
    ----------
    p, q : pmf of shape (n,), Discrete, Density, or frozen continuous SciPy distribution
        Both of one kind.

    Raises
    ------
    ValueError
        If the laws are not laws, or not of one kind.
    RuntimeError
        If an integral over densities does not converge to 1e-8 (where it diverges, for example).

    Examples
    --------
    >>> kl([0.5, 0.5], [1.0, 0.0]), kl([1.0, 0.0], [0.5, 0.5])
    (inf, 0.6931471805599453)
    """
    if _is_density(p) or _is_density(q):
        return _integrate(_kl_integrand, p, q)
    u, v = _masses(p, q)
    return _kl(u, v)


def js(p: Law, q: Law) -> float:
    """Jensen-Shannon divergence, with the halves, in nats: in [0, log 2].

    Its square root is a metric, and is what `scipy.spatial.distance.jensenshannon` returns.
    Sources that drop the halves have twice this value.

    Parameters
    ----------
    p, q : pmf of shape (n,), Discrete, Density, or frozen continuous SciPy distribution
        Both of one kind.

    Raises
    ------
    ValueError
        If the laws are not laws, or not of one kind.
    RuntimeError
        If an integral over densities does not converge to 1e-8.

    Examples
    --------
    >>> js([1.0, 0.0], [0.0, 1.0])  # log 2, the largest value there is
    0.6931471805599453
    """
    if _is_density(p) or _is_density(q):
        return _integrate(_js_integrand, p, q)
    u, v = _masses(p, q)
    middle = (u + v) / 2
    return 0.5 * _kl(u, middle) + 0.5 * _kl(v, middle)


def _kl(u: NDArray[np.float64], v: NDArray[np.float64]) -> float:
    on = u > 0
    if (v[on] == 0).any():
        return float("inf")
    # log u - log v, not log(u / v): the ratio can overflow where the logarithms do not
    return max(0.0, float(np.sum(u[on] * (np.log(u[on]) - np.log(v[on])))))


def _masses(p: Law, q: Law) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Masses of both laws on one common list of atoms."""
    if isinstance(p, Discrete) != isinstance(q, Discrete):
        raise ValueError("one law is a Discrete measure and the other is not: make both Discrete")
    if not isinstance(p, Discrete):
        u, v = as_weights(p, "p"), as_weights(q, "q")
        if len(u) != len(v):
            raise ValueError(
                f"p has {len(u)} entries and q has {len(v)}: give pmfs on the same atoms, "
                "or Discrete measures with their points"
            )
        return u, v
    if p.dim != q.dim:
        raise ValueError(f"p lives in dimension {p.dim} and q in dimension {q.dim}")
    both = np.concatenate([p.points, q.points]) + 0.0  # -0.0 and 0.0 are the same point
    where = np.unique(both, axis=0, return_inverse=True)[1].ravel()
    u, v = (
        np.bincount(index, weights=law.weights, minlength=where.max() + 1)
        for law, index in ((p, where[: p.n]), (q, where[p.n :]))
    )
    return u, v


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


def _is_density(law: Law) -> bool:
    return isinstance(law, Density) or (hasattr(law, "support") and hasattr(law, "ppf"))


@dataclass(frozen=True)
class _LogDensity:
    """A log density, -inf off its support, with the points where quadrature is to be split."""

    name: str
    log: Callable[[float], float]
    support: tuple[float, float]
    splits: tuple[float, ...]
    trusted: bool  # -inf inside the support is a zero of the density, not an underflow

    def __call__(self, x: float) -> float:
        low, high = self.support
        return float(self.log(x)) if low <= x <= high else -np.inf


def _log_density(law: Law, name: str) -> _LogDensity:
    if isinstance(law, Density):
        log = law.logpdf or _log_of(law.pdf, name)
        splits, trusted = (*law.support, *law.breaks), law.logpdf is not None
        density = _LogDensity(name, log, law.support, splits, trusted)
        mass = quadrature(lambda x: float(np.exp(density(x))), density.splits)
        if abs(mass - 1) > QUADRATURE_TOLERANCE:
            raise ValueError(
                f"the density {name} integrates to {mass:.10g}, expected 1: check its "
                "normalization and support, and give the places of jumps and peaks as `breaks`"
            )
        return density
    if _is_density(law) and hasattr(law, "logpdf") and hasattr(law.dist, "logpdf"):
        levels = [1e-12, 1e-9, 1e-6, 1e-4, 1e-2, 0.1, 0.25, 0.5]
        splits = (*law.support(), *law.ppf(levels), *law.isf(levels))
        return _LogDensity(name, law.logpdf, law.support(), splits, trusted=False)
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


Integrand: TypeAlias = Callable[[float, float], float]  # of log p(x) and log q(x)


def _tv_integrand(log_p: float, log_q: float) -> float:
    return 0.5 * abs(float(np.exp(log_p) - np.exp(log_q)))


def _kl_integrand(log_p: float, log_q: float) -> float:
    p = float(np.exp(log_p))
    return p * (log_p - log_q) if p > 0 else 0.0


def _js_integrand(log_p: float, log_q: float) -> float:
    log_m = float(np.logaddexp(log_p, log_q) - np.log(2))
    return 0.5 * _kl_integrand(log_p, log_m) + 0.5 * _kl_integrand(log_q, log_m)


def _integrate(integrand: Integrand, p: Law, q: Law) -> float:
    """The integral of integrand(log p(x), log q(x)) over the line, to 1e-8."""
    f, g = _log_density(p, "p"), _log_density(q, "q")
    splits = (*f.splits, *g.splits)
    if integrand is _kl_integrand and _escapes(f, g, splits):
        return float("inf")
    return max(0.0, quadrature(lambda x: integrand(f(x), g(x)), splits))


def _pieces(splits: tuple[float, ...]) -> list[tuple[float, float, float, float]]:
    """The line cut at `splits`: (origin, scale, low, high) with x = origin + scale t."""
    cuts = np.unique([x for x in splits if np.isfinite(x)])
    if len(cuts) == 0:
        cuts = np.zeros(1)
    scale = (cuts[-1] - cuts[0]) or 1.0  # tails are integrated in units of the bulk's width
    inner = [(low, high - low, 0.0, 1.0) for low, high in itertools.pairwise(cuts)]
    return [(cuts[0], scale, -np.inf, 0.0), *inner, (cuts[-1], scale, 0.0, np.inf)]


def _escapes(f: _LogDensity, g: _LogDensity, splits: tuple[float, ...]) -> bool:
    """Does the law of density f put mass where the density g vanishes?"""
    for origin, scale, low, high in _pieces(splits):
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
