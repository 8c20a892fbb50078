"""Integral probability metrics beside W1: MMD.

An integral probability metric is sup over f in F of E_P f - E_Q f (Müller 1997). The class F of
critics makes the metric:

    W1     f with |f(x) - f(y)| <= |x - y|                    `emd`
    MMD    f in the unit ball of the space of a kernel k      `mmd`
    2 TV   f with |f| <= 1, the best of which is sign(p - q)  `tv`

    MMD^2 = E k(X, X') + E k(Y, Y') - 2 E k(X, Y),  X, X' ~ P and Y, Y' ~ Q, all independent

Kernels, of which `kernels` says more:

    "gaussian"     k(x, y) = exp(-|x - y|^2 / (2 h^2)), bandwidth h in the unit of the points
    "laplacian"    k(x, y) = exp(-|x - y| / h)
    "energy"       k(x, y) = -|x - y|, so that MMD^2 = 2 E|X - Y| - E|X - X'| - E|Y - Y'|
    "polynomial"   k(x, y) = (x.y / d + 1)^3, which compares the first three moments

A value named after a distance is the distance: `mmd` is MMD, `mmd_squared` its square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wganlab.exact import kernels
from wganlab.exact.arrays import refuse_grad
from wganlab.exact.measures import Discrete, as_pair

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def mmd(
    x: ArrayLike | Discrete,
    y: ArrayLike | Discrete,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    kernel: str = "gaussian",
    bandwidth: float | ArrayLike | None = None,
) -> float:
    """Maximum mean discrepancy between two finite measures (not its square).

    For samples of two laws this is the biased V-statistic: equal laws give samples a positive
    value. `mmd_squared` has an unbiased estimate.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,); or Discrete
        Points; 1-D input is points on the line.
    a, b : array_like, shapes (n,) and (m,), optional
        Weights, non-negative and of sum 1; uniform by default.
    kernel : "gaussian", "laplacian", "energy" or "polynomial"
        "energy" gives what `scipy.stats.energy_distance` gives on the line. "polynomial" is the
        kernel of KID, whose points are features of images; it tells no laws apart that agree in
        their first three moments.
    bandwidth : float or array_like of shape (k,), optional
        Of the Gaussian and the Laplacian kernel, in the unit of the points. Several give the mean
        of their kernels (sources that add them have sqrt(k) times the value). None is the median
        heuristic: the median distance between the distinct points of x and y together, or between
        2000 of them, evenly spaced in lexicographic order, where there are more. It moves with the
        points: to compare values, fix one.

    Returns
    -------
    float
        In [0, sqrt 2] for "gaussian" and "laplacian"; in the square root of the points' unit for
        "energy"; without unit for "polynomial", which grows with the cube of the points. About
        1e-8 of the kernel's size is rounding, as in any square root of a difference.

    Raises
    ------
    ValueError
        If the input is bad, the kernel unknown, or a bandwidth not positive.

    Examples
    --------
    >>> round(mmd([0, 1], [2, 3], bandwidth=1.0), 4)
    1.0781
    >>> mmd([0], [2], kernel="energy")
    2.0
    """
    square = mmd_squared(x, y, a, b, kernel=kernel, bandwidth=bandwidth)
    return float(np.sqrt(max(square, 0.0)))


def mmd_squared(
    x: ArrayLike | Discrete,
    y: ArrayLike | Discrete,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    kernel: str = "gaussian",
    bandwidth: float | ArrayLike | None = None,
    unbiased: bool = False,
) -> float:
    """Square of the maximum mean discrepancy, or its unbiased estimate, which may be negative.

    Parameters
    ----------
    x, y, a, b, kernel, bandwidth
        As for `mmd`.
    unbiased : bool
        The U-statistic: pairs of a point with itself are left out, so that over samples of two
        laws (and a bandwidth fixed beforehand) the mean is the laws' MMD^2. It needs at least two
        points a side, of equal weights.

    Returns
    -------
    float
        Squared MMD; for the unbiased estimate any sign, with mean 0 where the laws are equal.

    Raises
    ------
    ValueError
        If the input is bad, or the unbiased estimate does not exist for it.

    Examples
    --------
    >>> mmd_squared([0, 2], [1, 1], kernel="energy")
    1.0
    >>> mmd_squared([0, 2], [1, 1], kernel="energy", unbiased=True)
    0.0
    >>> mmd_squared([0], [1], kernel="polynomial")  # (0, 1, 1, 1) and its weights 1, 3, 3, 1
    7.0

    References
    ----------
    Gretton et al., A Kernel Two-Sample Test, JMLR 13 (2012), equations 3 and 5.
    """
    refuse_grad("MMD", x, y, a, b)
    mu, nu = as_pair(x, y, a, b)
    k = kernels.named(mu, nu, kernel, bandwidth)
    if not unbiased:
        # distinct points in one order: equal samples are at exactly 0
        mu, nu = mu.merged(), nu.merged()
        return k.mean(mu, mu) + k.mean(nu, nu) - 2 * k.mean(mu, nu)
    for law, name in ((mu, "x"), (nu, "y")):
        if law.n < 2 or (law.weights != law.weights[0]).any():
            raise ValueError(
                f"{name} has {law.n} points, of weights {law.weights.min():g} to "
                f"{law.weights.max():g}: the unbiased estimate needs two or more independent "
                "draws of equal weight; use unbiased=False"
            )
    within = [(law.n * k.mean(law, law) - k.mean_itself(law)) / (law.n - 1) for law in (mu, nu)]
    return sum(within) - 2 * k.mean(mu, nu)
