"""What every solver returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Potentials = tuple[Array, Array]


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver found, for costs (d / scale)^p; all but the value is made when asked for."""

    primal: float
    dual: Callable[[], float]
    scale: float
    solver: str
    plan: Callable[[], sparse.csr_array]
    potentials: Callable[[], Potentials]

    def __reduce__(self) -> Any:
        """To another process go numbers, in place of the functions that would make them."""
        return _made, (
            self.primal,
            self.dual(),
            self.scale,
            self.solver,
            self.plan(),
            self.potentials(),
        )


def _made(
    primal: float,
    dual: float,
    scale: float,
    solver: str,
    plan: sparse.csr_array,
    potentials: Potentials,
) -> Solution:
    return Solution(primal, lambda: dual, scale, solver, lambda: plan, lambda: potentials)


def as_plan(mass: Array, rows: Any, columns: Any, shape: tuple[int, ...]) -> sparse.csr_array:
    """Mass at the cells (rows, columns) as a sparse matrix."""
    return sparse.coo_array((mass, (rows, columns)), shape=shape).tocsr()
