"""Transport where some ways do not exist: costs of infinity.

A forbidden way is given a price so high that no detour over the others reaches it: a plan that
still takes one proves that no plan does without, and the problem is infeasible. A plan that takes
none is optimal, with the prices for proof, since they undercut infinity wherever they undercut the
price. A lower price leaves the solver more digits, so it is tried first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab.exact.simplex import network_simplex
from wganlab.exact.solution import Solution, as_plan

if TYPE_CHECKING:
    from wganlab.exact.solution import Array

ROUNDING = 1e-12  # of the mass: weights of parts that are not connected sum up with rounding


def around(distance: Array, a: Array, b: Array, p: float) -> Solution:
    """`network_simplex` for a matrix of ground distances with infinite ones.

    Raises
    ------
    ValueError
        If no plan does without them.
    """
    closed = np.isinf(distance)
    largest = float(distance.max(where=~closed, initial=0)) or 1.0
    steps = len(a) + len(b)  # of a detour
    for price in (4.0, 2.0 * steps):
        toll = largest * price ** (1 / p)
        solution = network_simplex(np.where(closed, toll, distance), a, b, p)
        moves = solution.plan().tocoo()
        lost = closed[moves.row, moves.col]
        stuck = float(moves.data[lost].sum())
        if stuck <= ROUNDING:
            return _without(solution, moves, lost, distance, p) if lost.any() else solution
    row = int(moves.row[lost][moves.data[lost].argmax()])
    raise ValueError(
        f"infeasible: {stuck:.3g} of the mass has no way that is not forbidden (infinite, or "
        f"absent from a sparse matrix), some of it from row {row}: allow more ways; where an "
        "absent entry means a cost of 0, pass .toarray()"
    )


def _without(solution: Solution, moves: Any, lost: Any, distance: Array, p: float) -> Solution:
    """The solution without the rounding that went a forbidden way."""
    mass, i, j = moves.data[~lost], moves.row[~lost], moves.col[~lost]
    return Solution(
        primal=float(mass @ (distance[i, j] / solution.scale) ** p),
        dual=solution.dual,
        scale=solution.scale,
        solver=solution.solver,
        plan=lambda: as_plan(mass, i, j, distance.shape),
        potentials=solution.potentials,
    )
