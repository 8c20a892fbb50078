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

- probability mass functions: array_like of equal length, non-negative, of sum 1;
- `Discrete` measures, whose supports are matched exactly (points that differ in the last bit are
  different points, so two samples of a continuous law are disjoint);
- densities on the line: a frozen continuous SciPy distribution, or `Density(pdf, support)`.
  Their integrals are computed to 1e-8 absolute, or the call raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from wganlab.exact.densities import Array, escapes, integrate, is_density, log_densities
from wganlab.exact.measures import Discrete, as_weights

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
        return float("inf") if escapes(f, g) else integrate(_kl_integrand, f, g)
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
    # half of the smallest number there is rounds to 0, where neither law has to be 0
    middle = np.maximum((u + v) / 2, np.finfo(float).smallest_subnormal)
    return min(float(np.log(2)), 0.5 * _kl(u, middle) + 0.5 * _kl(v, middle))


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
    atoms = where.max() + 1
    u, v = np.zeros(atoms), np.zeros(atoms)
    np.add.at(u, where[: p.n], p.weights)
    np.add.at(v, where[p.n :], q.weights)
    return u, v


def _tv_integrand(log_p: Array, log_q: Array) -> Array:
    return 0.5 * np.abs(np.exp(log_p) - np.exp(log_q))


def _kl_integrand(log_p: Array, log_q: Array) -> Array:
    p = np.exp(log_p)
    return np.where(p > 0, p * (log_p - log_q), 0.0)


def _js_integrand(log_p: Array, log_q: Array) -> Array:
    log_m = np.logaddexp(log_p, log_q) - np.log(2)
    return 0.5 * _kl_integrand(log_p, log_m) + 0.5 * _kl_integrand(log_q, log_m)


def _chi2_integrand(log_p: Array, log_q: Array) -> Array:
    ratio = log_p - log_q
    # p^2 / q (1 - q / p)^2 where p is the larger, which overflows only where the value does
    larger = np.exp(2 * log_p - log_q) * np.expm1(-ratio) ** 2
    smaller = np.where(log_q > -np.inf, np.exp(log_q) * np.expm1(ratio) ** 2, 0.0)
    return np.where(ratio > 0, larger, smaller)


def _le_cam_integrand(log_p: Array, log_q: Array) -> Array:
    mass = np.exp(log_p) + np.exp(log_q)
    return np.where(mass > 0, 0.5 * mass * np.tanh((log_p - log_q) / 2) ** 2, 0.0)
