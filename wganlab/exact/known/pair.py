"""What every pair of known laws has."""

from __future__ import annotations

from dataclasses import fields
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from wganlab.exact import divergences
from wganlab.exact.measures import as_array, as_points

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Points = NDArray[np.float64]


def check(pair: Any) -> None:
    """Raise ValueError where a parameter of the pair is not what its annotation says, finite."""
    for field in fields(pair):
        value, kind = getattr(pair, field.name), str(field.type)
        given = f"{field.name} = {value!r}"
        number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
        if kind == "int" and not (number and isinstance(value, Integral)):
            raise ValueError(f"{given}: give a whole number")
        if kind == "float" and not (number and np.isfinite(value)):
            raise ValueError(f"{given}: give a finite number")
        if kind.startswith("tuple"):
            shape = as_array(value, field.name).shape
            if len(shape) != 1 or (kind == "tuple[float, float]" and shape != (2,)):
                many = "two numbers" if kind == "tuple[float, float]" else "a tuple of numbers"
                raise ValueError(f"{given}: give {many}")


def check_scales(*numbers: float) -> None:
    """Raise ValueError where the squares of the numbers, or of a ratio, leave float64."""
    for number in numbers:
        if number != 0 and not 1e-75 <= abs(number) <= 1e75:
            raise ValueError(f"{number:g} is beyond 1e-75 ... 1e75: choose another unit")


class Pair:
    """Two laws P and Q with known distances; the base of every class in this module."""

    law: ClassVar[str]  # what P and Q are, in one line

    @property
    def dim(self) -> int:
        """Dimension of the space."""
        return 1

    @property
    def emd(self) -> float | None:
        """Earth mover's distance W1(P, Q), Euclidean ground distance."""
        return None

    @property
    def w2(self) -> float | None:
        """W2(P, Q), Euclidean ground distance; known of normal laws."""
        return None

    @property
    def tv(self) -> float | None:
        """Total variation, in [0, 1]."""
        return None

    @property
    def js(self) -> float | None:
        """Jensen-Shannon divergence in nats, at most log 2."""
        return None

    @property
    def kl(self) -> float | None:
        """KL(P, Q) in nats."""
        return None

    @property
    def reverse_kl(self) -> float | None:
        """KL(Q, P) in nats."""
        return None

    def sample(self, n: int, rng: np.random.Generator, *, paired: bool = False) -> tuple[Any, Any]:
        """Draw n points of each law, shapes (n, dim).

        Parameters
        ----------
        n : int
            Points of each law.
        rng : numpy.random.Generator
            Source of randomness.
        paired : bool
            Draw (x_i, y_i) from the optimal coupling, so that the mean of |x_i - y_i| estimates
            EM without bias; otherwise x and y are independent.
        """
        if not isinstance(n, Integral) or n < 1:
            raise ValueError(f"n = {n!r}: draw at least one point, a whole number of them")
        if not isinstance(rng, np.random.Generator):
            raise TypeError(
                f"rng is of type {type(rng).__name__}: pass numpy.random.default_rng(0), "
                "a generator, in place of its seed"
            )
        u = rng.uniform(size=(n, self.dim))
        return self.of_uniforms(u, u if paired else rng.uniform(size=(n, self.dim)))

    def of_uniforms(self, u: Points, v: Points) -> tuple[Points, Points]:
        """The points of P and Q that uniform numbers in [0, 1) are sent to.

        Parameters
        ----------
        u, v : arrays, shape (n, dim)
            Of P and of Q; equal ones give points of the optimal coupling.
        """
        return self._real(u), self._fake(v)

    def critic(self, z: ArrayLike) -> NDArray[np.float64]:
        """An optimal 1-Lipschitz critic at points z of shape (k, dim): values of shape (k,)."""
        return self._critic(self._as_points(z))

    def _as_points(self, z: ArrayLike) -> Points:
        z = as_points(z, "z")
        if z.shape[1] != self.dim:
            raise ValueError(f"z lives in dimension {z.shape[1]}, the pair in {self.dim}")
        return z

    # P and Q as images of the uniform law on the unit cube, coupled optimally by equal u
    def _real(self, u: Points) -> Points:
        raise NotImplementedError

    def _fake(self, u: Points) -> Points:
        raise NotImplementedError

    def _critic(self, z: Points) -> NDArray[np.float64]:
        raise NotImplementedError


class Computed(Pair):
    """A pair whose laws `real` and `fake` are in a form that tv, kl and js take."""

    real: Any
    fake: Any

    @property
    def tv(self) -> float:
        return divergences.tv(self.real, self.fake)

    @property
    def js(self) -> float:
        return divergences.js(self.real, self.fake)

    @property
    def kl(self) -> float:
        return divergences.kl(self.real, self.fake)

    @property
    def reverse_kl(self) -> float:
        return divergences.kl(self.fake, self.real)
