"""A finite set in two parts: rows to train on, and rows that no step sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def split_rows(n: int, apart: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of n to train on, in order, and so many held out, at random, the same in every run.

    Examples
    --------
    >>> rows, unseen = split_rows(5, 2)
    >>> len(rows), len(unseen), sorted([*rows, *unseen]) == [0, 1, 2, 3, 4]
    (3, 2, True)
    """
    order = np.random.default_rng(0).permutation(n)
    return np.sort(order[apart:]), order[:apart]


def some(rows: NDArray[np.int64], n: int, seed: int, told: str) -> NDArray[np.int64]:
    """n of the rows, drawn without replacement, in order; all where n is 0.

    Raises
    ------
    ValueError
        If there are fewer; `told` says whose they are, as "mnist10k has 9,000 images".
    """
    if n > len(rows):
        raise ValueError(f"points = {n:,}, and {told} to train on")
    chosen = np.random.default_rng(seed).choice(rows, n, replace=False)
    return np.sort(chosen) if n else rows
