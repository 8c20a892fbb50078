"""Matrices of ground distances that are given, and the measures that belong to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab.exact import labels
from wganlab.exact.arrays import is_tensor, read
from wganlab.exact.measures import Discrete, as_discrete, as_weights
from wganlab.exact.memory import require

if TYPE_CHECKING:
    from numpy.typing import NDArray

COST_TOLERANCE = 1e-5


def as_cost(values: Any, shape: tuple[int, int] | None = None) -> NDArray[np.float64]:
    """A given matrix of ground distances, shape (n, m): non-negative, inf where no way leads.

    In a sparse matrix the entries that are absent are ways that do not exist, as in POT: never
    free ones. Negative entries of at most 1e-5 of the largest are the rounding of a distance 0 (of
    squares that were expanded in float32, or 1 - a correlation), and become 0.

    Examples
    --------
    >>> as_cost([[0, 1], [1, 0]]).dtype
    dtype('float64')
    """
    array = read(_dense(values), "the cost matrix", infinite=True)[0]
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"the cost matrix has shape {array.shape}, expected (n, m)")
    if shape is not None and array.shape != shape:
        raise ValueError(
            f"the cost matrix has shape {array.shape}, but the measures have {shape[0]} and "
            f"{shape[1]} points"
        )
    if array.min() < 0:
        largest = array.max(initial=0, where=array < np.inf)
        row, column = np.unravel_index(np.argmin(array), array.shape)
        if -array[row, column] > COST_TOLERANCE * largest:
            raise ValueError(
                f"the cost matrix is negative in row {row}, column {column} "
                f"({array[row, column]:g}): distances are not (down to {COST_TOLERANCE:g} of the "
                "largest they are taken for rounding of 0)"
            )
        np.maximum(array, 0, out=array)
    return array


def _dense(costs: Any) -> Any:
    """A sparse matrix of costs with inf where an entry is absent."""
    if is_tensor(costs) and str(costs.layout) != "torch.strided":
        whole = costs.detach().cpu().to_sparse_coo().coalesce()
        entries = whole.values().double().numpy(), tuple(whole.indices().numpy())
    elif hasattr(costs, "toarray") and hasattr(costs, "tocoo"):
        if getattr(costs, "format", "") in ("bsr", "dia") and (costs.data == 0).any():
            raise ValueError(
                f"the cost matrix is stored as {costs.format}, whose zeros may be free ways or "
                "none: pass .toarray(), with inf where no way leads"
            )
        whole = costs.tocoo(copy=True)
        whole.sum_duplicates()
        entries = whole.data, whole.coords if hasattr(whole, "coords") else (whole.row, whole.col)
    else:
        return costs
    require(
        8 * float(np.prod(costs.shape)),
        "the cost matrix, ways that do not exist included,",
        "take fewer points",
    )
    matrix = np.full(tuple(costs.shape), np.inf)
    matrix[entries[1]] = entries[0]
    return matrix


def on_costs(
    shape: tuple[int, ...],
    laws: tuple[Any, Any],
    weights: tuple[Any, Any],
    costs: Any,
    names: tuple[str, str] = ("the weight vector of x", "the weight vector of y"),
) -> tuple[Discrete, Discrete]:
    """The two measures that belong to a cost matrix: points, if any, and weights in its order.

    Raises
    ------
    ValueError
        If they are bad, not as many as it has rows and columns, or have labels that it lacks.
    """
    given = np.empty(0) if hasattr(costs, "tocoo") else costs
    axes = labels.rows_of(given), labels.all_columns_of(given)
    of = ("the rows of the cost matrix", "the columns of the cost matrix")
    mu, nu = map(_beside, laws, weights, axes, shape, "xy", names, of)
    if shape != (mu.n, nu.n):
        raise ValueError(f"the cost matrix has shape {shape}, expected ({mu.n}, {nu.n})")
    return mu, nu


def _beside(law: Any, mass: Any, axis: Any, size: int, side: str, name: str, told: str) -> Discrete:
    """The measure of one side of a cost matrix that has `size` atoms, labelled by `axis`."""
    if isinstance(law, Discrete) and law.names is not None:
        if mass is not None:
            return as_discrete(law, mass, side)  # which refuses it
        law = law.merged()
        placed = labels.on_atoms(axis, law.names, law.weights, side, told)
        return Discrete._of(np.arange(len(placed), dtype=float)[:, None], placed)
    if law is None and mass is not None:
        found = labels.rows_of(mass)
        placed = labels.on_atoms(axis, found, as_weights(mass, name), name, told)
        return Discrete._of(np.arange(len(placed), dtype=float)[:, None], placed)
    rows = None if law is None else labels.rows_of(law)
    if rows is not None and axis is not None and tuple(rows) != tuple(axis):
        raise ValueError(
            f"{side} and {told} are labelled in different ways: bring both into one order, or "
            f"{labels.BARE}"
        )
    return as_discrete(np.arange(size) if law is None else law, mass, side)
