"""How far a mean may be from what it estimates: radii, of which every one says how sure it is.

- Student's t, of independent blocks of points or replicates: "asymptotic", for means of blocks are
  normal only in the limit. It needs a finite variance.
- Empirical Bernstein (Maurer and Pontil, "Empirical Bernstein bounds and sample variance
  penalization", COLT 2009, theorem 4), of independent numbers in a known range: "finite-sample".
- McDiarmid ("On the method of bounded differences", 1989), of the mean of R exact distances between
  n independent points of each law, whose supports have diameter B: a point moves one distance by
  B / n and the mean by B / (n R), and there are 2 n R points, so that the radius at level alpha is
  B sqrt(log(1 / alpha) / (n R)): "finite-sample". Where points are drawn in pairs that may depend
  on each other, n R pairs are independent, and each moves the mean by 2 B / (n R): sqrt(2) times
  as much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

LEAST = 2  # blocks that have a spread


@dataclass(frozen=True)
class Mean:
    """An unbiased estimate with its own variance, and the degrees of freedom of that."""

    value: float
    variance: float
    freedom: float

    @classmethod
    def of(cls, blocks: ArrayLike) -> Mean:
        """The mean of independent numbers of one expectation.

        Examples
        --------
        >>> Mean.of([1.0, 2.0, 3.0])
        Mean(value=2.0, variance=0.3333333333333333, freedom=2.0)
        """
        numbers = np.asarray(blocks, dtype=np.float64)
        if len(numbers) < LEAST:
            return cls(float(numbers.mean()), math.inf, 1.0)
        variance = float(numbers.var(ddof=1)) / len(numbers)
        return cls(float(numbers.mean()), variance, len(numbers) - 1.0)

    def __add__(self, other: Mean) -> Mean:
        """Of independent estimates, with the freedom of Welch and Satterthwaite."""
        total = self.variance + other.variance
        if not 0 < total < math.inf:
            return Mean(self.value + other.value, total, min(self.freedom, other.freedom))
        shares = [(m.variance / total) ** 2 / m.freedom for m in (self, other)]
        return Mean(self.value + other.value, total, 1 / sum(shares))

    def radius(self, level: float) -> float:
        """Student's: with probability 1 - level the truth is not further on one side.

        Examples
        --------
        >>> round(Mean(0.0, 1.0, 9.0).radius(0.025), 3)
        2.262
        """
        return float(stats.t.isf(level, self.freedom)) * math.sqrt(self.variance)


def bernstein(count: int, variance: float, reach: float, level: float) -> float:
    """Empirical Bernstein's radius, on one side, of the mean of `count` independent numbers.

    Parameters
    ----------
    count : int
        How many there are, at least 2.
    variance : float
        Theirs, of the sample (divided by count - 1).
    reach : float
        The length of an interval that holds them all, whatever is drawn.
    level : float
        The probability to be wrong.

    Examples
    --------
    >>> round(bernstein(10_000, 1.0, 2.0, 0.025), 4)
    0.0316
    """
    log = math.log(2 / level)
    return math.sqrt(2 * variance * log / count) + 7 * reach * log / (3 * (count - 1))


def mcdiarmid(
    diameter: float, points: int, replicates: int, level: float, *, coupled: bool = False
) -> float:
    """McDiarmid's radius, on one side, of a mean of exact distances; see the module.

    Examples
    --------
    >>> round(mcdiarmid(1.0, 1000, 10, 0.025), 4)
    0.0192
    """
    return diameter * math.sqrt((1 + coupled) * math.log(1 / level) / (points * replicates))
