"""Kernels k(x, y) for MMD: functions of the distance of two points, or of their inner product.

    "gaussian"     k(x, y) = exp(-|x - y|^2 / (2 h^2)), bandwidth h in the unit of the points
    "laplacian"    k(x, y) = exp(-|x - y| / h), with the Euclidean norm
    "energy"       k(x, y) = -|x - y|, so that MMD^2 = 2 E|X - Y| - E|X - X'| - E|Y - Y'|
    "polynomial"   k(x, y) = (x.y / d + 1)^3 in dimension d, without unit

The first is Gretton et al. 2012, the third Székely and Rizzo 2013 (Sejdinovic et al. 2013 for
MMD), the fourth Bińkowski et al. 2018, section 4: the kernel of KID. It sees the first three
moments of a law and nothing else, and it depends on where the origin is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.spatial.distance import pdist

from wganlab.exact.ground import blocks, pairwise
from wganlab.exact.measures import Discrete, as_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array: TypeAlias = NDArray[np.float64]

KERNELS = ("gaussian", "laplacian", "energy", "polynomial")
MEDIAN_POINTS = 2000
LARGEST_SQUARE = 1e90  # of a point, in the polynomial kernel: sums of its cubes stay finite


@dataclass(frozen=True)
class Kernel:
    """k(x, y) = shape(between(x, y))."""

    shape: Callable[[Array], Array]
    """Of distances, or of inner products; entry by entry."""
    between: Callable[[Array, Array], Array]
    """Points of shapes (n, d) and (m, d) to their distances or inner products, (n, m)."""
    within: Callable[[Array], Array]
    """The same of each point with itself: (n, d) to (n,)."""

    def mean(self, mu: Discrete, nu: Discrete) -> float:
        """E k(X, Y) for independent X ~ mu, Y ~ nu, in blocks of rows."""
        total = 0.0
        for rows in blocks(mu.n, nu.n):
            values = self.shape(self.between(mu.points[rows], nu.points))  # (rows, m)
            total += float(mu.weights[rows] @ values @ nu.weights)
        return total

    def mean_itself(self, mu: Discrete) -> float:
        """E k(X, X) for X ~ mu."""
        return float(mu.weights @ self.shape(self.within(mu.points)))


def named(mu: Discrete, nu: Discrete, kernel: str, bandwidth: float | ArrayLike | None) -> Kernel:
    """The kernel of that name for two measures, in whose points a bandwidth may be chosen.

    Raises
    ------
    ValueError
        If there is no such kernel, it has no bandwidth, or the bandwidth is not positive.
    """
    if kernel not in KERNELS:
        raise ValueError(
            f"kernel={kernel!r}: expected {', '.join(map(repr, KERNELS[:-1]))} or {KERNELS[-1]!r}"
        )
    if kernel in ("gaussian", "laplacian"):
        exponent = _half_square if kernel == "gaussian" else np.asarray
        return Kernel(_mixture(mu, nu, bandwidth, exponent), _distance, _no_distance)
    if bandwidth is not None:
        why = " (it compares moments, at no scale)" if kernel == "polynomial" else ""
        raise ValueError(f"the {kernel} kernel has no bandwidth{why}: leave it out")
    if kernel == "energy":
        return Kernel(np.negative, _distance, _no_distance)
    largest = max(float(_product_itself(law.points).max()) for law in (mu, nu))
    if largest > LARGEST_SQUARE:
        raise ValueError(
            f"points of mean square {largest:.3g} overflow float64 in the cube of the polynomial "
            "kernel: choose a larger unit"
        )
    return Kernel(_cubic, _product, _product_itself)


def _distance(x: Array, y: Array) -> Array:
    return pairwise(x, y, "euclidean")


def _no_distance(x: Array) -> Array:
    return np.zeros(len(x))


def _product(x: Array, y: Array) -> Array:
    # x.x by another routine than x.y would keep equal samples from being at exactly 0
    return (x / x.shape[1]) @ y.T


def _product_itself(x: Array) -> Array:
    return np.square(x).mean(axis=1)


def _cubic(product: Array) -> Array:
    return (product + 1) ** 3


def _half_square(distance: Array) -> Array:
    return 0.5 * np.square(distance)


def _mixture(
    mu: Discrete,
    nu: Discrete,
    bandwidth: float | ArrayLike | None,
    exponent: Callable[[Array], Array],
) -> Callable[[Array], Array]:
    """The mean of exp(-exponent(distance / h)) over the bandwidths h."""
    widths = np.atleast_1d(
        _median_distance(mu, nu) if bandwidth is None else as_array(bandwidth, "bandwidth")
    )
    if widths.ndim != 1 or widths.size == 0 or not widths.min() > 0:
        raise ValueError(
            f"bandwidth={bandwidth!r}: expected a positive number in the unit of the points, or "
            "a list of them"
        )

    def shape(distance: Array) -> Array:
        with np.errstate(over="ignore", under="ignore"):  # exp(-inf) is the right 0
            parts = (np.exp(-exponent(distance / width)) for width in widths)
            return sum(parts, np.zeros_like(distance)) / len(widths)

    return shape


def _median_distance(mu: Discrete, nu: Discrete) -> float:
    """Median distance between the distinct points of positive mass of both measures."""
    held = [law.points[law.weights > 0] for law in (mu, nu)]
    pooled = np.unique(np.concatenate(held) + 0.0, axis=0)
    if len(pooled) == 1:
        return 1.0  # two equal atoms: MMD is 0 at every bandwidth
    if len(pooled) > MEDIAN_POINTS:
        pooled = pooled[np.linspace(0, len(pooled) - 1, MEDIAN_POINTS).round().astype(int)]
    median = float(np.median(pdist(pooled)))
    if not median > 0:
        raise ValueError("the median distance underflows to 0: choose a smaller unit")
    return median
