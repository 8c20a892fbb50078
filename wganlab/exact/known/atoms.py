"""Known pairs with atoms: a law on finitely many points, on one side at least.

An optimal critic is given on the atoms alone, f(c_i) = h_i with |h_i - h_j| <= |c_i - c_j|, and
continued to the space by McShane's formula f(z) = min_i (h_i + |z - c_i|), which is 1-Lipschitz.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, pi, sin, sqrt
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.spatial.distance import cdist

from wganlab.exact import divergences
from wganlab.exact.known.pair import Computed, Pair, check
from wganlab.exact.known.radial import spherical

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]


class Disjoint(Pair):
    """Laws on disjoint sets: TV, JS and KL take their largest values, however near the sets."""

    @property
    def tv(self) -> float:
        return 1.0

    @property
    def js(self) -> float:
        return log(2)

    @property
    def kl(self) -> float:
        return inf

    reverse_kl = kl


@dataclass(frozen=True)
class Cones(Disjoint):
    """P uniform on unit spheres, Q on their centers; EM = 1 in every dimension.

    The critic min_k |z - c_k| has a cone at every center (Anil, Lucas and Grosse 2019, "Sorting
    out Lipschitz function approximation"). The centers lie on the first axis.
    """

    law: ClassVar[str] = "uniform on unit spheres, and on their centers"
    centers: int = 3
    """Number of spheres."""
    dimension: int = 2
    """Dimension of the space."""
    spacing: float = 2.0
    """Distance between neighboring centers, at least 2."""

    def __post_init__(self) -> None:
        check(self)
        if min(self.centers, self.dimension) < 1:
            raise ValueError("give at least one center and one dimension")
        if not self.spacing >= 2:
            raise ValueError(
                f"spacing = {self.spacing}: below 2 a sphere comes nearer than 1 to another "
                "center, and EM falls below 1"
            )

    @property
    def dim(self) -> int:
        return self.dimension

    @property
    def emd(self) -> float:
        return 1.0

    @property
    def _atoms(self) -> Points:
        atoms = np.zeros((self.centers, self.dim))
        atoms[:, 0] = self.spacing * (np.arange(self.centers) - (self.centers - 1) / 2)
        return atoms

    def _fake(self, u: Points) -> Points:
        levels = spherical(u)[1]
        return self._atoms[(self.centers * levels).astype(int) % self.centers]

    def _real(self, u: Points) -> Points:
        return self._fake(u) + spherical(u)[0]

    def _critic(self, z: Points) -> NDArray[np.float64]:
        return cdist(z, self._atoms).min(axis=1)


@dataclass(frozen=True)
class Polygons(Disjoint):
    """The vertices of a regular m-gon and of the same turned by half a step; EM = 2 sin(pi / 2m).

    Every vertex has two nearest ones in the other law, so the optimal plan is not unique.

    Examples
    --------
    >>> round(Polygons(2).emd, 6)  # +-e1 and +-e2
    1.414214
    """

    law: ClassVar[str] = "vertices of a regular polygon and of the same turned by half a step"
    vertices: int = 5
    """Vertices m of each polygon, on the unit circle."""

    def __post_init__(self) -> None:
        check(self)
        if self.vertices < 1:
            raise ValueError(f"vertices = {self.vertices}: give at least 1")

    @property
    def dim(self) -> int:
        return 2

    @property
    def emd(self) -> float:
        return 2 * sin(pi / (2 * self.vertices))

    def _turned(self, turn: float) -> Points:
        angles = 2 * pi * (np.arange(self.vertices) + turn) / self.vertices
        return np.column_stack([np.cos(angles), np.sin(angles)])

    def _real(self, u: Points) -> Points:
        return self._turned(0.0)[(self.vertices * u[:, 0]).astype(int)]

    def _fake(self, u: Points) -> Points:
        return self._turned(0.5)[(self.vertices * u[:, 0]).astype(int)]

    def _critic(self, z: Points) -> NDArray[np.float64]:
        return cdist(z, self._turned(0.5)).min(axis=1)


@dataclass(frozen=True)
class Simplex(Computed):
    """Laws on the vertices of a regular simplex; EM = side * TV: no vertex is nearer than another.

    The n vertices are side / sqrt(2) times the unit vectors of R^n.

    Examples
    --------
    >>> pair = Simplex(real=(0.5, 0.5, 0), fake=(0, 0.5, 0.5), side=4)
    >>> pair.emd, pair.tv
    (2.0, 0.5)
    """

    law: ClassVar[str] = "two laws on the vertices of a regular simplex"
    real: tuple[float, ...] = (0.5, 0.3, 0.2)
    """Masses of P; their number is the dimension."""
    fake: tuple[float, ...] = (0.2, 0.2, 0.6)
    """Masses of Q."""
    side: float = 1.0
    """Distance between any two vertices."""

    def __post_init__(self) -> None:
        check(self)
        divergences.tv(self.real, self.fake)  # raises where these are no two laws
        if not self.side > 0:
            raise ValueError(f"side = {self.side}: give a positive length")

    @property
    def dim(self) -> int:
        return len(self.real)

    @property
    def emd(self) -> float:
        return self.side * self.tv

    @property
    def _vertices(self) -> Points:
        return self.side / sqrt(2) * np.eye(self.dim)

    def _draw(self, masses: tuple[float, ...], u: Points) -> Points:
        # the mass that both laws have comes first, so that equal u leave it where it is
        common = np.minimum(self.real, self.fake)
        edges = np.cumsum([*common, *(masses - common)])  # (2n,)
        drawn = np.searchsorted(edges[:-1], edges[-1] * u[:, 0], side="right")
        return self._vertices[drawn % self.dim]

    def _real(self, u: Points) -> Points:
        return self._draw(self.real, u)

    def _fake(self, u: Points) -> Points:
        return self._draw(self.fake, u)

    def _critic(self, z: Points) -> NDArray[np.float64]:
        heights = self.side * np.greater(self.real, self.fake)
        return (heights + cdist(z, self._vertices)).min(axis=1)


@dataclass(frozen=True)
class BlackImage(Disjoint):
    """P an image with a square of +1 or of -1, each with probability 1/2; Q the black image, 0.

    EM is the side of the square in pixels. The mean of P is Q, so a linear critic has gap 0: the
    optimal one is |z|.

    Examples
    --------
    >>> pair = BlackImage(square=35, side=64)
    >>> pair.dim, pair.emd
    (4096, 35.0)
    """

    law: ClassVar[str] = "a square of +1 or -1 amid a black image, and the black image"
    square: int = 8
    """Side of the square in pixels."""
    side: int = 16
    """Side of the image in pixels; images are flattened, the dimension is its square."""

    def __post_init__(self) -> None:
        check(self)
        if not 1 <= self.square <= self.side:
            raise ValueError(f"a square of side {self.square} is not within one of {self.side}")

    @property
    def dim(self) -> int:
        return self.side**2

    @property
    def emd(self) -> float:
        return float(self.square)

    def _real(self, u: Points) -> Points:
        start = (self.side - self.square) // 2
        inside = slice(start, start + self.square)
        image = np.zeros((self.side, self.side))
        image[inside, inside] = 1.0
        return np.where(u[:, :1] < 0.5, -1.0, 1.0) * image.ravel()  # (n, dim)

    def _fake(self, u: Points) -> Points:
        return np.zeros_like(u)

    def _critic(self, z: Points) -> NDArray[np.float64]:
        return np.linalg.norm(z, axis=1)
