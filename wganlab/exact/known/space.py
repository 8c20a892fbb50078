"""Known pairs in the plane and in R^d."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from wganlab.exact.known.pair import Pair

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]


@dataclass(frozen=True)
class ParallelLines(Pair):
    """The laws of (0, Z) and (theta, Z), Z uniform on [0, 1]: example 1 of the WGAN paper.

    Examples
    --------
    >>> pair = ParallelLines(theta=0.5)
    >>> pair.emd, pair.tv, pair.kl, round(pair.js, 4)
    (0.5, 1.0, inf, 0.6931)
    """

    law: ClassVar[str] = "(0, Z) and (theta, Z), Z uniform on [0, 1]"
    theta: float = 1.0
    """Signed distance between the lines."""

    @property
    def dim(self) -> int:
        return 2

    @property
    def emd(self) -> float:
        return abs(self.theta)

    @property
    def tv(self) -> float:
        return float(self.theta != 0)

    @property
    def js(self) -> float:
        return log(2) * self.tv

    @property
    def kl(self) -> float:
        return inf if self.theta else 0.0

    reverse_kl = kl

    def _real(self, u: Points) -> Points:
        return np.column_stack([np.zeros(len(u)), u[:, 1]])

    def _fake(self, u: Points) -> Points:
        return np.column_stack([np.full(len(u), self.theta), u[:, 1]])

    def _critic(self, z: Points) -> NDArray[np.float64]:
        return -np.sign(self.theta) * z[:, 0]


@dataclass(frozen=True)
class Translation(Pair):
    """The uniform law on the unit cube of R^d, and the same moved by `shift`; EM = |shift|."""

    law: ClassVar[str] = "U[0, 1]^d and the same moved by shift"
    shift: tuple[float, ...] = (3.0, 4.0)
    """The vector of the translation; its length is the dimension."""

    @property
    def dim(self) -> int:
        return len(self.shift)

    @property
    def emd(self) -> float:
        return float(np.linalg.norm(self.shift))

    @property
    def tv(self) -> float:
        return 1 - float(np.prod(np.maximum(1 - np.abs(self.shift), 0)))

    @property
    def js(self) -> float:
        return log(2) * self.tv  # both densities are 1 where they overlap

    @property
    def kl(self) -> float:
        return inf if any(self.shift) else 0.0

    reverse_kl = kl

    def _real(self, u: Points) -> Points:
        return u

    def _fake(self, u: Points) -> Points:
        return u + np.asarray(self.shift)

    def _critic(self, z: Points) -> NDArray[np.float64]:
        return -(z @ np.asarray(self.shift)) / (self.emd or 1.0)
