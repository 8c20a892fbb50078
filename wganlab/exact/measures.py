"""Finite measures, and the one place where input is checked.

A `Discrete` measure is sum_i w_i delta(x_i): n points in R^d with weights that are non-negative
and sum to 1. Everything in `wganlab.exact` passes through this door once; behind it all arrays
are float64, finite, and of known shape. Bad input raises ValueError with what to do about it:
nothing is clipped, dropped or renormalized in silence.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Squared distances overflow float64 beyond about 1e154.
LARGEST_COORDINATE = 1e150
MASS_TOLERANCE = 1e-9


def as_array(values: Any, name: str) -> NDArray[np.float64]:
    """Anything NumPy reads, torch tensors on any device included, as a finite float64 array.

    Raises
    ------
    ValueError
        If `values` is ragged, masked, text, complex, boolean or otherwise not real numbers, or
        holds NaN or infinity; the message names the first bad row.

    Examples
    --------
    >>> as_array([1, 2, 3], "x")
    array([1., 2., 3.])
    """
    if _is_tensor(values):
        values = _from_torch(values)
    elif isinstance(values, list | tuple) and any(map(_is_tensor, values)):
        values = [_from_torch(value) if _is_tensor(value) else value for value in values]
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked entries: drop those rows first")
    try:
        raw = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{name} cannot be read as an array ({error}): "
            "every row must have the same number of coordinates"
        ) from error
    if raw.dtype == object and raw.ndim == 0:
        raise ValueError(_no_array(values, name))
    if raw.dtype.kind not in "iuf":
        kind = {"b": "booleans", "c": "complex numbers", "U": "text", "S": "text"}
        raise ValueError(
            f"{name} holds {kind.get(raw.dtype.kind, f'{raw.dtype} values')}, expected real "
            "numbers: convert it first, for example with numpy.asarray(..., dtype=float)"
        )
    array = raw.astype(np.float64, order="C")
    # a minimum or maximum passes NaN on: no second array is needed to look for it
    if array.size and not (np.isfinite(array.min()) and np.isfinite(array.max())):
        rows = np.argwhere(~np.isfinite(array))
        entry = array[tuple(rows[0])]
        count = len(np.unique(rows[:, 0])) if array.ndim else 1
        where = f"row {rows[0][0]}" if array.ndim else "its only entry"
        more = f" ({count} such rows)" if count > 1 else ""
        raise ValueError(f"{name} has {entry} in {where}{more}: remove or repair it")
    return array


def _is_tensor(values: Any) -> bool:
    return hasattr(values, "detach") and hasattr(values, "cpu")


def _from_torch(tensor: Any) -> Any:
    tensor = tensor.detach().cpu()
    if str(tensor.layout) != "torch.strided":
        tensor = tensor.to_dense()
    # NumPy has no bfloat16; every real torch type fits float64
    return (tensor if tensor.is_complex() else tensor.double()).numpy()


def _no_array(values: Any, name: str) -> str:
    """What to do about an object that is no array."""
    if hasattr(values, "rvs"):
        advice = "a law; draw points from it, law.rvs(1000), or see wganlab.exact.known.Line"
    elif values is None:
        advice = "nothing; pass an array of numbers"
    elif hasattr(values, "toarray"):
        advice = f"a sparse matrix; pass {name}.toarray()"
    else:
        advice = "no array; pass a list or an array of numbers, for example list(...) of it"
    return f"{name} is of type {type(values).__name__}: {advice}"


def as_points(values: Any, name: str = "x") -> NDArray[np.float64]:
    """Points as an array of shape (n, d); 1-D input is n points on the line.

    Examples
    --------
    >>> as_points([0, 1, 2]).shape
    (3, 1)
    """
    array = as_array(values, name)
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


def as_weights(values: Any, name: str = "a", size: int | None = None) -> NDArray[np.float64]:
    """Weights as an array of shape (n,), non-negative, of sum 1.

    The sum may be off by the rounding of the type that carries the weights: 1e-9, or eight units
    of resolution for float32 and shorter types. That much, and no more, is divided out.

    Examples
    --------
    >>> as_weights([1, 0, 0])
    array([1., 0., 0.])
    >>> as_weights([3, 5])
    Traceback (most recent call last):
    ...
    ValueError: a sums to 8, expected 1: did you pass counts? divide by their sum
    """
    array = as_array(values, name)
    if array.ndim == 2 and 1 in array.shape:
        raise ValueError(f"{name} has shape {array.shape}, expected (n,): pass {name}.ravel()")
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}, expected (n,)")
    if array.size == 0:
        raise ValueError(f"{name} is empty: a measure needs at least one point")
    if size is not None and array.size != size:
        raise ValueError(f"{name} has {array.size} weights for {size} points: expected one each")
    if array.min() < 0:
        row = int(np.argmax(array < 0))
        raise ValueError(f"{name} has the negative weight {array[row]:g} in row {row}")
    total = float(array.sum())
    if abs(total - 1) > max(MASS_TOLERANCE, 8 * _resolution(values)):
        advice = (
            "they look rounded, perhaps to float32: divide by their sum in float64"
            if abs(total - 1) < 1e-3
            else "did you pass counts? divide by their sum"
        )
        raise ValueError(f"{name} sums to {total:.12g}, expected 1: {advice}")
    return array if total == 1 else array / total


def _resolution(values: Any) -> float:
    """Machine epsilon of the type in which `values` arrived."""
    dtype: Any = getattr(values, "dtype", None)
    if hasattr(values, "detach") and dtype.is_floating_point:
        return float(sys.modules["torch"].finfo(dtype).eps)
    if isinstance(dtype, np.dtype) and dtype.kind == "f":
        return float(np.finfo(dtype).eps)
    return float(np.finfo(np.float64).eps)


def as_cost(values: Any, shape: tuple[int, int] | None = None) -> NDArray[np.float64]:
    """A given matrix of ground distances, shape (n, m), finite and non-negative.

    Examples
    --------
    >>> as_cost([[0, 1], [1, 0]]).dtype
    dtype('float64')
    """
    array = as_array(values, "the cost matrix")
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"the cost matrix has shape {array.shape}, expected (n, m)")
    if shape is not None and array.shape != shape:
        raise ValueError(
            f"the cost matrix has shape {array.shape}, but the measures have {shape[0]} and "
            f"{shape[1]} points"
        )
    if array.min() < 0:
        row, column = np.unravel_index(np.argmin(array), array.shape)
        raise ValueError(
            f"the cost matrix is negative in row {row}, column {column} "
            f"({array[row, column]:g}): distances are not"
        )
    return array


@dataclass(frozen=True, eq=False)
class Discrete:
    """The measure sum_i weights[i] delta(points[i]).

    Parameters
    ----------
    points : array_like, shape (n, d) or (n,)
        Support, in any unit; repeated points are allowed and their masses add.
    weights : array_like, shape (n,), optional
        Non-negative, of sum 1; 1/n each by default.
    name : str
        What error messages call the points.

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

    def __init__(
        self, points: ArrayLike, weights: ArrayLike | None = None, *, name: str = "x"
    ) -> None:
        x = as_points(points, name)
        w = _equal(len(x))
        if weights is not None:
            w = as_weights(weights, f"the weight vector of {name}", len(x))
        object.__setattr__(self, "points", x)
        object.__setattr__(self, "weights", w)

    @classmethod
    def _of(
        cls, points: NDArray[np.float64], weights: NDArray[np.float64] | None = None
    ) -> Discrete:
        """Points and weights that went through the door already."""
        measure = cls.__new__(cls)
        object.__setattr__(measure, "points", points)
        object.__setattr__(measure, "weights", _equal(len(points)) if weights is None else weights)
        return measure

    def __reduce__(self) -> Any:
        """Equal weights stay one number in another process too: sums keep their last bit."""
        equal = self.weights.strides == (0,)
        return Discrete._of, (self.points, None if equal else self.weights)

    @property
    def n(self) -> int:
        """Number of points."""
        return self.points.shape[0]

    @property
    def dim(self) -> int:
        """Dimension d of the space."""
        return self.points.shape[1]

    def merged(self) -> Discrete:
        """The same measure on distinct points, in lexicographic order.

        Examples
        --------
        >>> Discrete([2, 1, 2]).merged().weights
        array([0.33333333, 0.66666667])
        """
        # adding 0 turns -0.0 into 0.0: the same point must have the same bits
        support, where = np.unique(self.points + 0.0, axis=0, return_inverse=True)
        mass = np.bincount(where.ravel(), weights=self.weights, minlength=len(support))
        return Discrete(support, mass)


def _equal(n: int) -> NDArray[np.float64]:
    return np.broadcast_to(1 / n, n)  # one number in memory, read-only


def as_discrete(values: Any, weights: ArrayLike | None = None, name: str = "x") -> Discrete:
    """`values` as a Discrete measure; a Discrete passes through and brings its own weights."""
    if not isinstance(values, Discrete):
        return Discrete(values, weights, name=name)
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
    return Discrete._of(flat), array.shape[1:]


def as_pair(
    x: Any, y: Any, a: ArrayLike | None = None, b: ArrayLike | None = None
) -> tuple[Discrete, Discrete]:
    """Two measures in the same space.

    Raises
    ------
    ValueError
        If either is bad, or their dimensions differ.
    """
    mu, nu = as_discrete(x, a, "x"), as_discrete(y, b, "y")
    if mu.dim != nu.dim:
        raise ValueError(
            f"x lives in dimension {mu.dim} and y in dimension {nu.dim}: "
            "both need the same number of columns"
        )
    return mu, nu
