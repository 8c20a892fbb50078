"""Known pairs in the plane and in R^d."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot, inf, log
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import ndtr, ndtri

from wganlab.exact.known.line import Uniforms
from wganlab.exact.known.pair import Pair, check

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

    def __post_init__(self) -> None:
        check(self)

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

    def __post_init__(self) -> None:
        check(self)
        if len(self.shift) == 0:
            raise ValueError("shift = (): give one coordinate or more")

    @property
    def dim(self) -> int:
        return len(self.shift)

    @property
    def emd(self) -> float:
        length = hypot(*self.shift)
        if length == inf:
            raise OverflowError("the shift is longer than float64 can say: choose a larger unit")
        return length

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


@dataclass(frozen=True)
class Gaussians(Pair):
    """Gaussian laws of one covariance; EM = |m1 - m2|, as for any law and its translate.

    Gaussians of two covariances have no closed form for EM (for W2 they have).

    Examples
    --------
    >>> pair = Gaussians(real=(0, 0), fake=(3, 4))
    >>> pair.emd, pair.kl
    (5.0, 12.5)
    """

    law: ClassVar[str] = "Gaussian laws of two means and one covariance"
    real: tuple[float, ...] = (0.0, 0.0)
    """Mean of P; its length is the dimension."""
    fake: tuple[float, ...] = (1.0, 1.0)
    """Mean of Q."""
    covariance: tuple[float, ...] = ()
    """The d * d entries of the covariance, row by row; none for the identity."""

    def __post_init__(self) -> None:
        check(self)
        if not len(self.real) == len(self.fake) > 0:
            raise ValueError(
                f"the means have {len(self.real)} and {len(self.fake)} coordinates: give as many "
                "for both, one or more"
            )
        if len(self.covariance) not in (0, self.dim**2):
            raise ValueError(
                f"the covariance has {len(self.covariance)} entries: give "
                f"{self.dim} * {self.dim}, row by row"
            )
        matrix = self._matrix
        if (matrix != matrix.T).any() or not np.linalg.eigvalsh(matrix).min() > 0:
            raise ValueError("a covariance is symmetric and its eigenvalues are positive")

    @property
    def dim(self) -> int:
        return len(self.real)

    @property
    def _difference(self) -> Points:
        return np.subtract(self.real, self.fake)

    @property
    def _matrix(self) -> Points:
        if len(self.covariance) == 0:
            return np.eye(self.dim)
        return np.reshape(self.covariance, (self.dim, self.dim))

    @property
    def _root(self) -> NDArray[np.floating]:
        """L with L L^T = covariance."""
        return np.linalg.cholesky(self._matrix)

    @property
    def _mahalanobis(self) -> float:
        return float(np.linalg.norm(np.linalg.solve(self._root, self._difference)))

    @property
    def emd(self) -> float:
        return float(np.linalg.norm(self._difference))

    @property
    def w2(self) -> float:
        return self.emd  # that of a translation, at every order

    @property
    def tv(self) -> float:
        return float(2 * ndtr(self._mahalanobis / 2) - 1)

    @property
    def kl(self) -> float:
        return self._mahalanobis**2 / 2

    reverse_kl = kl

    def _real(self, u: Points) -> Points:
        return np.asarray(self.real) + ndtri(u) @ self._root.T

    def _fake(self, u: Points) -> Points:
        return np.asarray(self.fake) + ndtri(u) @ self._root.T

    def _critic(self, z: Points) -> NDArray[np.float64]:
        return z @ self._difference / (self.emd or 1.0)


@dataclass(frozen=True)
class Product(Pair):
    """P x mu and Q x mu, mu uniform on [0, 1]^extra: every distance is that of P and Q.

    Examples
    --------
    >>> pair = Product(Uniforms((2, 4), (0, 1)), extra=9)
    >>> pair.dim, pair.emd
    (10, 2.5)
    """

    law: ClassVar[str] = "P x mu and Q x mu, mu uniform on the unit cube"
    pair: Pair = field(default_factory=Uniforms)
    """The laws P and Q."""
    extra: int = 2
    """Dimension of mu."""

    def __post_init__(self) -> None:
        check(self)
        if not isinstance(self.pair, Pair):
            raise ValueError(f"pair is of type {type(self.pair).__name__}: give a known pair")
        if self.extra < 0:
            raise ValueError(f"extra = {self.extra}: a dimension is at least 0")

    @property
    def dim(self) -> int:
        return self.pair.dim + self.extra

    @property
    def emd(self) -> float | None:
        return self.pair.emd

    @property
    def tv(self) -> float | None:
        return self.pair.tv

    @property
    def js(self) -> float | None:
        return self.pair.js

    @property
    def kl(self) -> float | None:
        return self.pair.kl

    @property
    def reverse_kl(self) -> float | None:
        return self.pair.reverse_kl

    def _real(self, u: Points) -> Points:
        known, extra = np.split(u, [self.pair.dim], axis=1)
        return np.column_stack([self.pair._real(known), extra])

    def _fake(self, u: Points) -> Points:
        known, extra = np.split(u, [self.pair.dim], axis=1)
        return np.column_stack([self.pair._fake(known), extra])

    def _critic(self, z: Points) -> NDArray[np.float64]:
        return self.pair._critic(z[:, : self.pair.dim])
