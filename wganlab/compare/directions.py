"""Where a critic's gradient points, beside the true one: two measures, at two kinds of places.

Along the rays on which mass moves (`cosine` of a `Comparison`), and at the points of P, where a
generator would be pulled. The latter two are the metrics of the W1 benchmark (Korotin, Kolesov and
Burnaev, NeurIPS 2022, section 5; `cosine_metrics` and `L2_metrics` of its code), for f the critic
and f* the true one:

    cosine_at_real      = E_P cos(grad f(x), grad f*(x)),  0 where f is flat
    squared_l2_at_real  = E_P |grad f(x) - grad f*(x)|^2

The benchmark calls the second L2; it is the square, and |grad f*| = 1 normalizes it: a flat critic
has 1, one of slope 3 in the right direction 4.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wganlab.exact.known import Pair

    Array = NDArray[np.float64]

LARGE = 1e150  # squares of what is larger overflow


def norms(vectors: Array) -> Array:
    """Of rows, shape (n,), also of such as have squares that overflow."""
    rows = vectors.reshape(len(vectors), math.prod(vectors.shape[1:]))
    largest = float(np.abs(rows).max(initial=0.0))
    unit = largest if largest > LARGE else 1.0
    return unit * np.linalg.norm(rows / unit, axis=1)


def cosine(gradients: Array, directions: Array) -> float:
    """Mean cosine with unit vectors; where the critic is flat it is 0, and nan of no vectors.

    Examples
    --------
    >>> cosine(np.array([[2.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 0.0]]))
    0.5
    """
    if len(directions) == 0:
        return math.nan
    gradients = gradients / max(1.0, float(np.abs(gradients).max()))
    lengths = norms(gradients)
    products = np.sum(gradients * directions, axis=1)
    return float(np.divide(products, lengths, out=np.zeros_like(lengths), where=lengths > 0).mean())


def squared_l2(gradients: Array, true: Array) -> float:
    """Mean squared distance from the true gradients.

    Examples
    --------
    >>> squared_l2(np.array([[3.0, 0.0]]), np.array([[1.0, 0.0]]))
    4.0
    """
    with np.errstate(over="ignore"):  # inf is the answer then
        return float((norms(gradients - true) ** 2).mean())


def at_real(
    gradients: Array, pair: Pair | None, x: Array
) -> tuple[float, float] | tuple[None, None]:
    """`cosine_at_real` and `squared_l2_at_real` from the critic's gradients at points x of P.

    None where the true gradient is not known: the pair has no `critic_gradient`.
    """
    if pair is None or not hasattr(pair, "critic_gradient"):
        return None, None
    rows, true = gradients.reshape(x.shape), pair.critic_gradient(x)  # (n, dim)
    return cosine(rows, true), squared_l2(rows, true)
