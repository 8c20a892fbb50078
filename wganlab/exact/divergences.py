"""Total variation, Kullback-Leibler, Jensen-Shannon, Pearson and Le Cam divergence, exactly.

    TV(P, Q) = sup_A |P(A) - Q(A)| = 1/2 int |p - q|              in [0, 1]
    KL(P, Q) = int p log(p / q)                                   in [0, inf]
    JS(P, Q) = 1/2 KL(P, M) + 1/2 KL(Q, M),  M = (P + Q) / 2      in [0, log 2]
    chi2(P, Q) = int (p - q)^2 / q                                in [0, inf]
    LC(P, Q) = chi2(P, M) = 1/2 int (p - q)^2 / (p + q)           in [0, 1]

Logarithms are natural (nats). Infinity is an answer, and no epsilon is added anywhere. Sources
that leave out the halves of JS have twice this value (Goodfellow et al. 2014, proof of theorem 1,
and Arjovsky et al. 2017, section 2, differ in this); sources that define TV as the supremum of
E_P f - E_Q f over |f| <= 1 have 2 TV. LC is what a least-squares GAN minimizes (Mao et al. 2017,
equation 8, has 2 LC).

Each function takes two laws of one kind:

- probability mass functions: array_like of equal length, non-negative, of sum 1; or labelled, as
  a Series of pandas or a dict, and matched by label (`wganlab.exact.labels`);
- `Discrete` measures, whose supports are matched exactly (points that differ in the last bit are
  different points, so two samples of a continuous law are disjoint);
- densities on the line: a frozen continuous SciPy distribution, a histogram (`rv_histogram`), or
  `Density(pdf, support)`. Their integrals are computed to 1e-8 absolute, or the call raises.

Between laws that are close p log(p / q) cancels: KL and JS are then the sums, or integrals, of
p log(p / q) - p + q and its like, nowhere negative, and keep their digits however small they are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy.special import xlog1py

from wganlab.exact import labels
from wganlab.exact.densities import CLOSE, Array, escapes, integrate, is_density, log_densities
from wganlab.exact.measures import Discrete, as_weights, in_columns_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

Law: TypeAlias = Any  # a pmf, a Discrete, a Density or a frozen SciPy distribution


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
    if is_density(p) or is_density(q):
        return integrate(_tv_integrand, *log_densities(p, q), kinks=True)
    u, v = _masses(p, q)
    if not np.minimum(u, v).any():
        return 1.0  # disjoint: exactly 1, whatever the masses' rounding
    return min(1.0, float(0.5 * np.abs(u - v).sum()))


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
    if is_density(p) or is_density(q):
        f, g = log_densities(p, q)
        if escapes(f, g):
            return float("inf")
        value = integrate(_kl_integrand, f, g, relative=False)
        return value if value > CLOSE else integrate(_close_kl_integrand, f, g)
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
    if is_density(p) or is_density(q):
        return integrate(_js_integrand, *log_densities(p, q))
    u, v = _masses(p, q)
    return min(float(np.log(2)), float(0.25 * np.sum((u + v) * _two_entropies(_contrast(u, v)))))


def chi2(p: Law, q: Law) -> float:
    """Pearson's divergence int (p - q)^2 / q, in [0, inf]; Neyman's is chi2(q, p).

    It is `inf` when P puts mass where Q has none, and never below KL(P, Q).

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
    >>> chi2([0.5, 0.5], [0.25, 0.75]), chi2([0.5, 0.5], [1.0, 0.0])
    (0.3333333333333333, inf)
    """
    if is_density(p) or is_density(q):
        f, g = log_densities(p, q)
        return float("inf") if escapes(f, g) else integrate(_chi2_integrand, f, g)
    u, v = _masses(p, q)
    if u[v == 0].any():
        return float("inf")
    on = v > 0
    with np.errstate(over="ignore"):  # inf is the right answer there
        return float(np.sum((u[on] - v[on]) * ((u[on] - v[on]) / v[on])))


def le_cam(p: Law, q: Law) -> float:
    """Le Cam's divergence 1/2 int (p - q)^2 / (p + q), in [0, 1]: chi2 of P and the mixture.

    It is what the discriminator of a least-squares GAN estimates.

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
    >>> le_cam([1.0, 0.0], [0.0, 1.0])
    1.0
    >>> p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    >>> round(le_cam(p, q), 12) == round(chi2(p, (p + q) / 2), 12)
    True
    """
    if is_density(p) or is_density(q):
        return integrate(_le_cam_integrand, *log_densities(p, q))
    u, v = _masses(p, q)
    on = u + v > 0
    u, v = u[on], v[on]
    return min(1.0, float(0.5 * np.sum((u - v) * ((u - v) / (u + v)))))


def _kl(u: NDArray[np.float64], v: NDArray[np.float64]) -> float:
    on = u > 0
    if (v[on] == 0).any():
        return float("inf")
    # log u - log v, not log(u / v): the ratio can overflow where the logarithms do not
    terms = u[on] * (np.log(u[on]) - np.log(v[on]))
    value = float(terms.sum())
    if value > CLOSE:
        return value
    terms += v[on] - u[on]
    near = np.abs(u[on] - v[on]) < NEAR * v[on]
    ratio = (u[on][near] - v[on][near]) / v[on][near]
    terms[near] = v[on][near] * ratio**2 * np.polyval(_SERIES, ratio)
    return float(terms.sum() + v[~on].sum())


# (1 + r) log(1 + r) - r = r^2 (1/2 - r/6 + r^2/12 - ...), highest power first
NEAR = 0.03
_SERIES = [(-1.0) ** k / (k * (k - 1)) for k in range(13, 1, -1)]


def _contrast(u: Array, v: Array) -> Array:
    """(u - v) / (u + v), 0 where both are."""
    return np.divide(u - v, u + v, out=np.zeros_like(u), where=u + v > 0)


def _two_entropies(t: Array) -> Array:
    """(1 + t) log(1 + t) + (1 - t) log(1 - t) for t from -1 to 1, to the last digits near 0."""
    far = np.abs(t) > 0.5
    value = np.where(far, xlog1py(1 + t, t) + xlog1py(1 - t, -t), 0.0)
    small = np.where(far, 0.0, t)
    return np.where(far, value, 2 * small * np.arctanh(small) + np.log1p(-(small**2)))


def _masses(p: Law, q: Law) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Masses of both laws on one common list of atoms."""
    if isinstance(p, Discrete) != isinstance(q, Discrete):
        raise ValueError("one law is a Discrete measure and the other is not: make both Discrete")
    if not isinstance(p, Discrete):
        p, q = labels.of_table(p), labels.of_table(q)
        u, v = as_weights(p, "p"), as_weights(q, "q")
        named = labels.common(p, q)
        if named is not None:
            return labels.on_union(*named, u, v)
        if len(u) != len(v):
            raise ValueError(
                f"p has {len(u)} entries and q has {len(v)}: give pmfs on the same atoms, "
                "or Discrete measures with their points"
            )
        return u, v
    if (p.names is None) != (q.names is None):
        raise ValueError("the atoms of one law have names and those of the other are points")
    if p.names is not None:
        p, q = p.merged(), q.merged()
        return labels.on_union(p.names, q.names, p.weights, q.weights)
    if p.dim != q.dim:
        raise ValueError(f"p lives in dimension {p.dim} and q in dimension {q.dim}")
    q = in_columns_of(p, q, ("p", "q"))
    both = np.concatenate([p.points, q.points]) + 0.0  # -0.0 and 0.0 are the same point
    where = np.unique(both, axis=0, return_inverse=True)[1].ravel()
    atoms = where.max() + 1
    u, v = np.zeros(atoms), np.zeros(atoms)
    np.add.at(u, where[: p.n], p.weights)
    np.add.at(v, where[p.n :], q.weights)
    return u, v


def _tv_integrand(log_p: Array, log_q: Array) -> Array:
    larger = np.maximum(log_p, log_q)
    ratio = np.where(larger > -np.inf, np.minimum(log_p, log_q) - larger, 0.0)
    return -0.5 * np.exp(larger) * np.expm1(ratio)


def _kl_integrand(log_p: Array, log_q: Array) -> Array:
    p = np.exp(log_p)
    return np.where(p > 0, p * (log_p - log_q), 0.0)


def _close_kl_integrand(log_p: Array, log_q: Array) -> Array:
    """p log(p / q) - p + q, which has the same integral and is nowhere negative."""
    p, q = np.exp(log_p), np.exp(log_q)
    ratio = np.where(p > 0, log_p - log_q, np.inf)
    near = np.where(np.abs(ratio) < NEAR, ratio, 0.0)
    series = p * near**2 * np.polyval(_EXPONENTIAL, near)
    return np.where(np.abs(ratio) < NEAR, series, np.where(p > 0, p * ratio - p, 0.0) + q)


# exp(-r) - 1 + r = r^2 (1/2 - r/6 + r^2/24 - ...), highest power first
_EXPONENTIAL = [(-1.0) ** k / math.factorial(k) for k in range(11, 1, -1)]


def _js_integrand(log_p: Array, log_q: Array) -> Array:
    """(p + q) / 4 of `_two_entropies` at t = tanh((log p - log q) / 2)."""
    mass = np.exp(log_p) + np.exp(log_q)
    ratio = np.abs(np.where(mass > 0, log_p - log_q, 0.0))
    small = np.minimum(ratio, 1.0)
    near = small * np.tanh(small / 2) - 2 * np.log1p(2 * np.sinh(small / 4) ** 2)
    gone = np.where(ratio < np.inf, np.exp(-ratio), 0.0)
    # t r - 2 log cosh(r / 2) with t = 1 - 2 gone / (1 + gone)
    lost = np.where(gone > 0, 2 * gone / (1 + gone) * np.minimum(ratio, 1e3), 0.0)
    far = 2 * np.log(2) - lost - 2 * np.log1p(gone)
    return 0.25 * mass * np.where(ratio < 1, near, far)


def _chi2_integrand(log_p: Array, log_q: Array) -> Array:
    ratio = log_p - log_q
    # p^2 / q (1 - q / p)^2 where p is the larger, which overflows only where the value does
    larger = np.exp(2 * log_p - log_q) * np.expm1(-ratio) ** 2
    smaller = np.where(log_q > -np.inf, np.exp(log_q) * np.expm1(ratio) ** 2, 0.0)
    return np.where(ratio > 0, larger, smaller)


def _le_cam_integrand(log_p: Array, log_q: Array) -> Array:
    mass = np.exp(log_p) + np.exp(log_q)
    return np.where(mass > 0, 0.5 * mass * np.tanh((log_p - log_q) / 2) ** 2, 0.0)
