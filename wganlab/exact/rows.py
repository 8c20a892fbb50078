"""Many histograms in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab.exact import labels
from wganlab.exact.arrays import as_array

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray


def over_rows(
    distance: Callable[..., float],
    p: ArrayLike,
    q: ArrayLike,
    *,
    points: Any = None,
    **options: Any,
) -> NDArray[np.float64]:
    """A distance between histograms row by row, or of one histogram to each row.

    Parameters
    ----------
    distance : callable
        Of two pmfs, such as `js`; or, with `points`, of points and weights, such as `emd`.
    p, q : array_like, shapes (k, n) and (k, n), or one of them (n,)
        A histogram a row, non-negative and of sum 1.
    points : array_like, shape (n,) or (n, d), optional
        Where the n bins are: then `distance(points, points, p_i, q_i)` is called.
    options
        Are handed on to `distance`.

    Returns
    -------
    array, shape (k,)

    Raises
    ------
    ValueError
        If the numbers of rows differ, or a row is no histogram: the message names it.

    Examples
    --------
    >>> from wganlab.exact import emd, tv
    >>> over_rows(tv, [[1, 0], [0.5, 0.5]], [0.5, 0.5])
    array([0.5, 0. ])
    >>> over_rows(emd, [[1, 0], [0.5, 0.5]], [0.5, 0.5], points=[0, 10])
    array([5., 0.])
    """
    first, second = _rows(p, "p"), _rows(q, "q")
    if first is None and second is None:
        raise ValueError("p and q are one histogram each: call the distance itself")
    if first is not None and second is not None:
        if len(first) != len(second):
            raise ValueError(f"p has {len(first)} rows and q {len(second)}: give as many, or one")
        order = labels.in_order(labels.rows_of(p), labels.rows_of(q), "q", "p", "rows")
        second = second if order is None else [second[k] for k in order]
    count = len(first if first is not None else second or ())
    pairs = zip(first or [p] * count, second or [q] * count, strict=True)
    found = []
    for row, (one, other) in enumerate(pairs):
        given = (one, other) if points is None else (points, points, one, other)
        try:
            found.append(distance(*given, **options))
        except ValueError as error:
            raise ValueError(f"row {row}: {error}") from error
    return np.array(found, dtype=float)


def _rows(values: Any, name: str) -> list[Any] | None:
    """The rows of a matrix with their labels, None of a single histogram."""
    if hasattr(values, "iloc") and values.ndim == 2:
        return [values.iloc[k] for k in range(len(values))]
    if hasattr(values, "toarray"):  # sparse: what is absent has no mass
        values = values.toarray()
    shape = as_array(values, name).shape
    if len(shape) not in (1, 2) or 0 in shape:
        raise ValueError(f"{name} has shape {shape}, expected (k, n), or (n,) for one")
    if len(shape) == 1:
        return None
    return list(values.rows() if hasattr(values, "rows") else values)
