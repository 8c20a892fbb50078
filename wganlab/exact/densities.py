"""Densities on the line, and integrals over them by adaptive quadrature to 1e-8.

The line is cut at the quantiles, supports and breaks of both laws, so that no peak is missed; the
tails beyond are integrated in units of the bulk's width. Towards every cut, where a density may
be infinite, and towards infinity intervals shrink geometrically, as long as float64 tells points
from the cut; what then is left is the rest of a geometric series. Densities are handled as
logarithms, which do not underflow. An integral that does not reach its tolerance raises.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

QUADRATURE_TOLERANCE = 1e-8
GOAL = 1e-10  # intervals are halved until the estimate of the error, a pessimist, is below it
MOST_INTERVALS = 20_000
CLOSE = 1e-3  # a smaller value is computed relative to its size
NOISE = 1e-5  # where log p - log q is smaller, its rounding is in sight of the tolerance
TINY = 1e-290  # float64 keeps its digits from here on

Array: TypeAlias = NDArray[np.float64]
Integrand: TypeAlias = Callable[[Array, Array], Array]  # of log p(x) and log q(x)


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
        if not callable(self.pdf) or not (self.logpdf is None or callable(self.logpdf)):
            raise ValueError(
                "pdf and logpdf are functions of one number: Density(lambda x: 2 * x, (0, 1))"
            )
        try:
            low, high = map(float, self.support)
            breaks = np.asarray(self.breaks, dtype=float)
        except (TypeError, ValueError):
            raise ValueError(
                f"support = {self.support!r}, breaks = {self.breaks!r}: give the two ends of the "
                "interval where the density lives, such as (0, 1) or (-math.inf, math.inf), and a "
                "tuple of numbers"
            ) from None
        if not low < high:
            raise ValueError(f"support is ({low}, {high}): expected low < high")
        if breaks.ndim != 1 or not np.isfinite(breaks).all():
            raise ValueError(f"breaks = {self.breaks!r}: give a tuple of finite numbers")


def is_density(law: Any) -> bool:
    """Is it a Density or a law of SciPy or torch, good or bad?"""
    if isinstance(law, Density) or hasattr(law, "integrate_box_1d"):
        return True
    marks = ("ppf", "icdf", "log_prob")
    return hasattr(law, "support") and any(hasattr(law, mark) for mark in marks)


@dataclass(frozen=True)
class LogDensity:
    """A log density, -inf off its support, with the points where quadrature is to be split."""

    name: str
    log: Callable[[Array], Array]
    support: tuple[float, float]
    splits: tuple[float, ...]
    trusted: bool  # -inf inside the support is a zero of the density, not an underflow

    def __call__(self, x: Array) -> Array:
        log = np.full(x.shape, -np.inf)
        inside = (self.support[0] <= x) & (x <= self.support[1])
        if inside.any():
            log[inside] = self.log(x[inside])
        return log


def _log_density(law: Any, name: str) -> LogDensity:
    if isinstance(law, Density):
        low, high = map(float, law.support)
        splits, trusted = (low, high, *law.breaks), law.logpdf is not None
        return LogDensity(name, _log_of(law, name), (low, high), splits, trusted)
    if hasattr(law, "log_prob"):
        raise ValueError(
            f"{name} is a law of torch: ask torch.distributions.kl_divergence, pass the frozen "
            "distribution of SciPy, such as stats.norm(loc, scale), or, of a discrete law, its "
            "probabilities, .probs"
        )
    edges = edges_of(law)
    if edges is not None:
        splits = tuple(map(float, edges))
        return LogDensity(name, law.logpdf, law.support(), splits, trusted=True)
    if hasattr(law, "integrate_box_1d"):  # a gaussian_kde
        raise ValueError(
            f"{name} is an estimate of a density from points: pass "
            "Density(law.pdf, support=(-math.inf, math.inf))"
        )
    if hasattr(law, "icdf"):
        raise ValueError(
            f"{name} is one of SciPy's random variables of the new kind: pass the frozen "
            "distribution of the old kind, such as stats.norm() for stats.Normal()"
        )
    if hasattr(law, "logpdf") and not hasattr(law, "dist"):
        kind = f"stats.{law.name}()" if getattr(law, "name", None) else "law()"
        raise ValueError(f"{name} is a SciPy distribution without parameters: freeze it, {kind}")
    if is_density(law) and hasattr(law, "logpdf") and hasattr(law.dist, "logpdf"):
        if any(map(np.ndim, (*law.args, *law.kwds.values()))):
            raise ValueError(f"{name} has parameters that are arrays: give one law at a time")
        return LogDensity(name, law.logpdf, law.support(), quantiles(law, name), trusted=False)
    raise ValueError(
        f"{name} is no density: expected a frozen continuous SciPy distribution or "
        "Density(pdf, support); for a discrete law pass its pmf as an array"
    )


def edges_of(law: Any) -> Array | None:
    """Where the bins of a histogram of SciPy (`rv_histogram`), frozen or not, begin and end."""
    histogram = getattr(law, "dist", law)
    if type(histogram).__name__ != "rv_histogram":
        return None
    low, high = law.support()
    edges = np.asarray(histogram._hbins, dtype=np.float64)
    return low + (high - low) * ((edges - edges[0]) / (edges[-1] - edges[0]))


def _log_of(law: Density, name: str) -> Callable[[Array], Array]:
    def number(function: Callable[[float], Any], x: float) -> float:
        value = np.asarray(function(x), dtype=float)
        if value.size != 1:  # one number in an array will do
            raise ValueError(
                f"the density {name} has shape {value.shape} at {x:.6g}: expected one number"
            )
        return float(value.ravel()[0])

    def logpdf(x: float) -> float:
        if law.logpdf is not None:
            return number(law.logpdf, x)
        value = number(law.pdf, x)
        if not 0 <= value < np.inf:
            raise ValueError(f"the density {name} is {value} at {x:.6g}")
        return float(np.log(value)) if value > 0 else -np.inf

    return lambda points: np.array([logpdf(float(x)) for x in points])


def quantiles(law: Any, name: str = "the law") -> tuple[float, ...]:
    """Ends and quantiles of a frozen SciPy distribution, far into both tails."""
    levels = [1e-12, 1e-9, 1e-6, 1e-4, 1e-2, 0.1, 0.25, 0.5]
    with np.errstate(all="ignore"):
        splits = np.r_[law.support(), law.ppf(levels), law.isf(levels)]
    if np.isnan(splits).any():
        given = ", ".join([*map(repr, law.args), *(f"{k}={v!r}" for k, v in law.kwds.items())])
        raise ValueError(
            f"{name} is no law: SciPy gives NaN for {law.dist.name}({given}); check its "
            "parameters, of which a scale is positive"
        )
    low, high, median = splits[0], splits[1], splits[9]
    for end in {low, high} - {-np.inf, np.inf}:
        # too near an end that is not 0 there are no points left to integrate between
        near = min(2.0**-12 * abs(end), abs(median - end) / 16)
        splits = splits[(splits == end) | ~(abs(splits - end) < near)]
    return tuple(map(float, splits))


def log_densities(p: Any, q: Any) -> tuple[LogDensity, LogDensity]:
    """Both laws as log densities, checked to integrate to 1."""
    f, g = _log_density(p, "p"), _log_density(q, "q")
    for density in (f, g):
        mass = quadrature(partial(_exp, density), (*f.splits, *g.splits))
        if abs(mass - 1) > QUADRATURE_TOLERANCE:
            raise ValueError(
                f"the density {density.name} integrates to {mass:.10g}, expected 1: check its "
                "normalization and support, and give the places of jumps and peaks as `breaks`"
            )
    return f, g


def _exp(density: LogDensity, x: Array) -> Array:
    return np.exp(density(x))


def integrate(
    integrand: Integrand,
    f: LogDensity,
    g: LogDensity,
    *,
    kinks: bool = False,
    relative: bool = True,
) -> float:
    """The integral of integrand(log p(x), log q(x)) over the line, to 1e-8, at least 0.

    Where it is small, and `relative`, its unit is its own size, as far as the rounding of log
    densities allows.

    `kinks` says that the integrand has one wherever the densities are equal.
    """
    splits = (*f.splits, *g.splits)
    if kinks:
        splits += crossings(lambda x: f(x) - g(x), splits)

    def measured(unit: float) -> float:
        scaled = quadrature(lambda x: integrand(f(x), g(x)) / unit, splits)
        return unit * max(0.0, scaled)

    value = measured(1.0)
    for _ in range(2 if relative else 0):
        if 0 < value < CLOSE:
            with contextlib.suppress(RuntimeError):  # what 1e-8 absolute is worth stands
                value = measured(max(value, NOISE * (1.0 if kinks else math.sqrt(value))))
    return value


def crossings(difference: Callable[[Array], Array], splits: tuple[float, ...]) -> tuple[float, ...]:
    """Where `difference` changes sign: a kink of |difference| near a cut is seen by no rule."""
    origin, scale, power = _pieces(splits).T[:, :, None]
    with np.errstate(all="ignore"):
        x = np.unique(origin + scale * ((1 + _NODES[0]) / 2) ** power)
        values = difference(x)
        clear = (abs(values) > 1e-12) & np.isfinite(x)  # and not rounding, or NaN
        x, sign = x[clear], np.sign(values[clear])
        k = np.flatnonzero(sign[1:] != sign[:-1])
        low, high = x[k], x[k + 1]
        while True:
            middle = low + (high - low) / 2
            if ((middle <= low) | (middle >= high)).all():
                return tuple(map(float, middle))
            left = np.sign(difference(middle)) == sign[k]
            low, high = np.where(left, middle, low), np.where(left, high, middle)


def escapes(f: LogDensity, g: LogDensity) -> bool:
    """Does the law of density f put mass where the density g vanishes?"""
    origin, scale, power = _pieces((*f.splits, *g.splits)).T[:, :, None]  # (k, 1)
    x = np.ravel(origin + scale * np.linspace(0.06, 0.94, 5) ** power)
    with np.errstate(all="ignore"):
        bare = x[(np.exp(f(x)) > 0) & (g(x) == -np.inf)]
    inside = bare[(g.support[0] < bare) & (bare < g.support[1])]
    if len(inside) and not g.trusted:
        raise ValueError(
            f"the density {g.name} is 0 at {inside[0]:.6g}, inside its support, where "
            f"{f.name} is not: if it underflows there, give "
            "Density(pdf, support, logpdf=...); if it is 0 there, KL is inf"
        )
    return len(bare) > 0


def quadrature(function: Callable[[Array], Array], splits: tuple[float, ...]) -> float:
    """Integral of `function` over the line, cut at `splits`, to 1e-8; RuntimeError if not.

    Where the estimated error of an interval is too large it is cut in two; an interval at an end
    that float64 does not resolve further is replaced by the rest of a geometric series.
    """
    with np.errstate(all="ignore"):
        value, error = _adapt(function, _pieces(splits))
        total, uncertainty = float(value.sum()), float(error.sum())
    if not uncertainty <= QUADRATURE_TOLERANCE * max(1.0, abs(total)) < np.inf:
        raise RuntimeError(
            f"quadrature reached {total:.6g} with an error of {uncertainty:.1g}, more than 1e-8: "
            "the integral may be infinite, or a density too steep at an end that is not 0, where "
            "float64 has no points between (move or mirror both laws to have that end at 0); "
            "otherwise give the places of jumps and peaks as `breaks`, and `logpdf` where one "
            "underflows"
        )
    return total


def _adapt(function: Callable[[Array], Array], pieces: Array) -> tuple[Array, Array]:
    """Integrals over the pieces or parts of them, and their errors."""
    low, high = np.zeros(len(pieces)), np.ones(len(pieces))
    value, error = _gauss(function, pieces, low, high)
    final = np.zeros(len(pieces), dtype=bool)
    while np.isfinite(error).all() and len(error) < MOST_INTERVALS:
        goal = GOAL * max(1.0, abs(value.sum()))
        wide = ~final & (error > goal / len(error))
        if error.sum() <= goal or not wide.any():
            break
        for k in np.flatnonzero(wide & (low == 0) & (high <= _finest(pieces))):
            value[k], error[k] = _rest(function, pieces[k], high[k])
            final[k], wide[k] = True, False
        # where a density is infinite, at t = 0, intervals are to shrink fast
        middle = np.where(low == 0, high / 8, (low + high) / 2)[wide]
        cut = (np.tile(pieces[wide], (2, 1)), np.r_[low[wide], middle], np.r_[middle, high[wide]])
        parts = (*cut, *_gauss(function, *cut), np.zeros(len(cut[0]), dtype=bool))
        kept = (array[~wide] for array in (pieces, low, high, value, error, final))
        pieces, low, high, value, error, final = map(np.concatenate, zip(kept, parts, strict=True))
    return value, error


def _pieces(splits: tuple[float, ...]) -> Array:
    """The line cut at `splits`: rows (origin, scale, power), x = origin + scale t^power, t < 1."""
    cuts = np.unique([x for x in splits if x == 0 or TINY * 1e10 < abs(x) < np.inf])
    if len(cuts) == 0:
        cuts = np.zeros(1)
    half = np.diff(cuts) / 2
    width = (cuts[-1] - cuts[0]) or 1.0  # tails are integrated in units of the bulk's width
    ends = [(cuts[0], -width, 1.0), (cuts[-1], width, 1.0)]
    tails = [(cuts[0], -width, -1.0), (cuts[-1], width, -1.0)]
    rising = np.column_stack([cuts[:-1], half, np.ones_like(half)])
    falling = np.column_stack([cuts[1:], -half, np.ones_like(half)])
    return np.concatenate([rising, falling, ends, tails])


def _finest(pieces: Array) -> Array:
    """The t below which x = origin + scale t^power is rounded too much, or is infinite."""
    origin, scale, power = pieces.T
    near = np.minimum(np.maximum(TINY, 2.0**-27 * abs(origin)) / abs(scale), 4.0**-7)
    return np.where(power > 0, near, np.maximum(1e-140, abs(scale) * TINY))


_NODES, _WEIGHTS = zip(*map(np.polynomial.legendre.leggauss, (16, 8)), strict=True)


def _gauss(
    function: Callable[[Array], Array], pieces: Array, low: Array, high: Array
) -> tuple[Array, Array]:
    """Integrals over low < t < high by Gauss's rule, and their differences from a shorter rule."""
    origin, scale, power = pieces.T[:, :, None]
    width = (high - low)[:, None]
    t = low[:, None] + width * (1 + np.concatenate(_NODES)) / 2  # (k, nodes)
    x = origin + scale * t**power
    y = function(x.ravel()).reshape(x.shape) * abs(scale) * np.where(power > 0, 1.0, t**-2)
    long, short = y[:, :16] @ _WEIGHTS[0], y[:, 16:] @ _WEIGHTS[1]
    return width[:, 0] / 2 * long, width[:, 0] / 2 * abs(long - short)


def _rest(function: Callable[[Array], Array], piece: Array, high: float) -> tuple[float, float]:
    """Integral over 0 < t < high, continued from intervals that shrink by factors of 4.

    Powers of t times 1 and log t satisfy a_n = c a_(n-1) + d a_(n-2) on them; c and d are fitted
    to six intervals, and to all but the last to estimate the error.
    """
    edges = np.asarray(high * 4.0 ** np.arange(6, -1, -1), dtype=np.float64)
    a, error = _gauss(function, np.tile(piece, (6, 1)), edges[1:], edges[:-1])
    if not (abs(a[1:]) < abs(a[:-1])).all():
        return float(a[-1]), 0.0 if not a.any() else np.inf
    known = np.concatenate([a[:5], [0.0]])
    rests = []
    for terms in (a, known[:5]):
        terms = terms / abs(terms[0])
        c, d = np.linalg.lstsq(np.column_stack([terms[1:-1], terms[:-2]]), terms[2:], rcond=1e-9)[0]
        rests.append(((c + d) * terms[-1] + d * terms[-2]) / (1 - c - d) * abs(a[0]))
    # three times: towards an end that is not 0 the intervals are rounded together
    return float(rests[0]), float(3 * abs(rests[0] - (rests[1] - a[5])) + error.sum())
