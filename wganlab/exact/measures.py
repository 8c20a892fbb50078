"""Finite measures, and the one place where input is checked.

A `Discrete` measure is sum_i w_i delta(x_i): n points in R^d with weights that are non-negative
and sum to 1. Everything in `wganlab.exact` passes through this door once; behind it all arrays
are float64, finite, and of known shape. Bad input raises ValueError with what to do about it:
nothing is clipped, dropped or renormalized in silence but rounding, of the size told at
`as_weights`. How numbers are read, `wganlab.exact.arrays` tells; what becomes of
the labels of pandas, xarray and polars, `wganlab.exact.labels`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab.exact import labels
from wganlab.exact.arrays import EPSILON, as_array, is_tensor, kind_of, read

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Squared distances overflow float64 beyond about 1e154.
LARGEST_COORDINATE = 1e150
MASS_TOLERANCE = 1e-9
LAST_BITS = 16 * EPSILON


def as_points(values: Any, name: str = "x") -> NDArray[np.float64]:
    """Points as an array of shape (n, d); 1-D input is n points on the line.

    Examples
    --------
    >>> as_points([0, 1, 2]).shape
    (3, 1)
    """
    array = as_array(values, name)
    labels.refuse_counts(values, name)
    if array.ndim == 1:
        array = array[:, None]  # (n, 1)
    if array.ndim == 0:
        raise ValueError(
            f"{name} has shape (), expected (n, d) or (n,): a measure needs an array of points, "
            f"[{array:g}] for one"
        )
    if array.ndim != 2:
        raise ValueError(
            f"{name} has shape {array.shape}, expected (n, d) or (n,): "
            f"for images or sequences pass {name}.reshape(len({name}), -1)"
        )
    if array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}: a measure needs at least one point")
    _check_reach(array, name)
    return array


def _check_reach(points: NDArray[np.float64], name: str) -> None:
    if max(points.max(), -points.min()) > LARGEST_COORDINATE:
        raise ValueError(
            f"{name} has coordinates beyond {LARGEST_COORDINATE:g}, where distances overflow "
            "float64: choose a larger unit"
        )


def as_weights(
    values: Any,
    name: str = "a",
    size: int | None = None,
    *,
    ndim: int = 1,
) -> NDArray[np.float64]:
    """Weights as an array of shape (n,), non-negative, of sum 1; of shape (h, w) for `ndim` 2.

    The sum may be off by the rounding of the type that carries the weights: 1e-9, or eight units
    of resolution for float32 and shorter types. That much, and no more, is divided out, and as
    much negative mass is taken for rounding of 0. A sum that is off by the last bits of
    float64 alone stays: dividing would change digits of laws that differ by as little.

    Examples
    --------
    >>> as_weights([1, 0, 0])
    array([1., 0., 0.])
    >>> as_weights([3, 5])
    Traceback (most recent call last):
    ...
    ValueError: a sums to 8, expected 1: did you pass counts? divide by their sum
    """
    values = labels.values_of(values) if ndim == 1 else values
    if ndim == 1 and hasattr(values, "iloc") and values.ndim == 2 and len(values) == 1:
        raise ValueError(f"{name} is a frame of one row: pass that row, .iloc[0], with its labels")
    if hasattr(values, "toarray"):  # of a sparse vector: what is absent has no mass
        values = values.toarray()
        values = values.ravel() if ndim == 1 and 1 in values.shape else values
    array, resolution = read(values, name)
    _check_weights_shape(array, name, size, ndim)
    slack = max(MASS_TOLERANCE, 8 * resolution)
    if array.min() < 0:
        array = _without_negatives(array, name, slack)
    total = float(array.sum())
    if total == 0:
        raise ValueError(f"{name} is 0 everywhere: a measure needs mass at one point at least")
    if abs(total - 1) > slack:
        advice = (
            "they look rounded, perhaps to float32: divide by their sum in float64"
            if abs(total - 1) < 1e-3
            else "did you pass counts? divide by their sum"
        )
        raise ValueError(f"{name} sums to {total:.12g}, expected 1: {advice}")
    return array if abs(total - 1) <= LAST_BITS else array / total


def _check_weights_shape(
    array: NDArray[np.float64], name: str, size: int | None, ndim: int
) -> None:
    if ndim == 2:
        if array.ndim != 2 or array.size == 0:
            raise ValueError(
                f"{name} has shape {array.shape}, expected a histogram of shape (h, w)"
            )
        return
    if array.ndim == 2 and 1 in array.shape:
        raise ValueError(f"{name} has shape {array.shape}, expected (n,): pass {name}.ravel()")
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}, expected (n,)")
    if array.size == 0:
        raise ValueError(f"{name} is empty: a measure needs at least one point")
    if size is not None and array.size != size:
        raise ValueError(f"{name} has {array.size} weights for {size} points: expected one each")


def _without_negatives(array: NDArray[np.float64], name: str, slack: float) -> NDArray[np.float64]:
    """Negative mass as 0, if it is rounding."""
    lowest = np.unravel_index(int(array.argmin()), array.shape)
    if -array[array < 0].sum() > slack:
        where = f"row {lowest[0]}" + (f", column {lowest[1]}" if array.ndim == 2 else "")
        raise ValueError(
            f"{name} has the negative weight {array[lowest]:g} in {where}: a measure has none "
            f"(down to {-slack:.1g} together it is taken for rounding of 0); mend what made it"
        )
    return np.maximum(array, 0)


@dataclass(frozen=True, eq=False)
class Discrete:
    """The measure sum_i weights[i] delta(points[i]).

    Parameters
    ----------
    points : array_like, shape (n, d) or (n,)
        Support, in any unit; repeated points are allowed and their masses add. Text, of shape
        (n,), names atoms: the divergences match them by name, transport needs a cost matrix.
    weights : array_like, shape (n,), optional
        Non-negative, of sum 1; 1/n each by default. With labels they follow those of the points.
    name : str
        What error messages call the points.

    Attributes
    ----------
    points : array, shape (n, d)
        Of shape (n, 0) where atoms have names in place of coordinates.
    weights : array, shape (n,)
    columns : sequence, or None
        Names of the coordinates, where the points came with some.
    names : tuple of str, or None
        Names of the atoms.

    Raises
    ------
    ValueError
        If either is not what it should be, with advice.

    Examples
    --------
    >>> mu = Discrete([[0, 0], [1, 0]], [0.25, 0.75])
    >>> mu.n, mu.dim
    (2, 2)
    """

    points: NDArray[np.float64]
    weights: NDArray[np.float64]
    columns: labels.Labels | None = field(default=None, repr=False)
    names: tuple[str, ...] | None = field(default=None, repr=False)

    def __init__(
        self, points: ArrayLike, weights: ArrayLike | None = None, *, name: str = "x"
    ) -> None:
        names = _names(points)
        x = as_points(points, name) if names is None else np.empty((len(names), 0))
        self._set(x, _weights(points, len(x), weights, name), labels.columns_of(points), names)

    def _set(self, *values: Any) -> None:
        for attribute, value in zip(("points", "weights", "columns", "names"), values, strict=True):
            object.__setattr__(self, attribute, value)

    @classmethod
    def _of(
        cls,
        points: NDArray[np.float64],
        weights: NDArray[np.float64] | None = None,
        columns: labels.Labels | None = None,
        names: tuple[str, ...] | None = None,
    ) -> Discrete:
        """Points and weights that went through the door already."""
        measure = cls.__new__(cls)
        mass = _equal(len(points)) if weights is None else weights
        measure._set(points, mass, columns, names)
        return measure

    def __reduce__(self) -> Any:
        """Equal weights stay one number in another process too: sums keep their last bit."""
        equal = self.weights.strides == (0,)
        mass = None if equal else self.weights
        return Discrete._of, (self.points, mass, self.columns, self.names)

    @property
    def n(self) -> int:
        """Number of points."""
        return self.points.shape[0]

    @property
    def dim(self) -> int:
        """Dimension d of the space; 0 where atoms have names in place of coordinates."""
        return self.points.shape[1]

    def merged(self) -> Discrete:
        """The same measure on distinct points, in lexicographic order.

        Examples
        --------
        >>> Discrete([2, 1, 2]).merged().weights
        array([0.33333333, 0.66666667])
        """
        # adding 0 turns -0.0 into 0.0: the same point must have the same bits
        atoms = self.points + 0.0 if self.names is None else np.array(self.names)
        support, where = np.unique(atoms, axis=0, return_inverse=True)
        mass: Any = np.bincount(where.ravel(), weights=self.weights, minlength=len(support))
        if self.names is None:
            return Discrete._of(support, mass, self.columns)
        return Discrete._of(self.points[: len(support)], mass, None, tuple(support.tolist()))


def _equal(n: int) -> NDArray[np.float64]:
    return np.broadcast_to(1 / n, n)  # one number in memory, read-only


def _names(points: Any) -> tuple[str, ...] | None:
    """Names of atoms, where the points are text and nothing else."""
    if isinstance(points, list | tuple):
        if not points or not isinstance(points[0], str):
            return None
    else:
        shape = getattr(points, "shape", None)
        if not (isinstance(shape, tuple) and len(shape) == 1) or is_tensor(points):
            return None
        if kind_of(points) in ("i", "u", "f"):
            return None
    atoms = list(points)
    return tuple(map(str, atoms)) if atoms and all(isinstance(a, str) for a in atoms) else None


def _weights(points: Any, n: int, weights: Any, name: str) -> NDArray[np.float64]:
    if weights is None:
        return _equal(n)
    told = f"the weight vector of {name}"
    mass = as_weights(weights, told, n)
    order = labels.follow(points, weights, told, name)
    return mass if order is None else mass[order]


def as_discrete(values: Any, weights: ArrayLike | None = None, name: str = "x") -> Discrete:
    """`values` as a Discrete measure; a Discrete passes through and brings its own weights."""
    if not isinstance(values, Discrete):
        x = as_points(values, name)
        mass = _weights(values, len(x), weights, name)
        return Discrete._of(x, mass, labels.columns_of(values))
    if weights is not None:
        raise ValueError(f"{name} is a Discrete measure with weights of its own: give no others")
    return values


def as_cloud(values: Any, name: str = "x") -> tuple[Discrete, tuple[int, ...]]:
    """Points of any shape, images too, as a measure of equal weights; and the shape of a point.

    Examples
    --------
    >>> mu, shape = as_cloud(np.zeros((5, 1, 2, 2)))
    >>> mu.n, mu.dim, shape
    (5, 4, (1, 2, 2))
    """
    array = as_array(values, name)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim < 2 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}: give points of shape (n, d)")
    flat = array.reshape(len(array), -1)  # (n, d)
    _check_reach(flat, name)
    columns = labels.columns_of(values) if array.ndim == 2 else None
    return Discrete._of(flat, None, columns), array.shape[1:]


def as_pair(
    x: Any, y: Any, a: ArrayLike | None = None, b: ArrayLike | None = None
) -> tuple[Discrete, Discrete]:
    """Two measures in the same space.

    Raises
    ------
    ValueError
        If either is bad, their dimensions differ, or the names of their columns.
    """
    mu, nu = as_discrete(x, a, "x"), as_discrete(y, b, "y")
    labels.check_dimensions(x, y, ("x", "y"))
    if mu.names is not None or nu.names is not None:
        raise ValueError(
            "atoms that have names have no distances: give them, as metric=matrix of "
            "wasserstein, or points in place of names"
        )
    if mu.dim != nu.dim:
        raise ValueError(
            f"x lives in dimension {mu.dim} and y in dimension {nu.dim}: "
            "both need the same number of columns"
        )
    return mu, in_columns_of(mu, nu)


def in_columns_of(mu: Discrete, nu: Discrete, names: tuple[str, str] = ("x", "y")) -> Discrete:
    """nu with its coordinates in the order of mu's, where both have named ones.

    Raises
    ------
    ValueError
        If the names are not the same.
    """
    order = labels.in_order(mu.columns, nu.columns, names[1], names[0], "columns")
    if order is None:
        return nu
    return Discrete._of(np.ascontiguousarray(nu.points[:, order]), nu.weights, mu.columns)
