"""Checks of lesson 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from checks import Hint, check, number, numbers
from wganlab import exact


@check
def emd_of_points(answer: Any) -> None:
    """Exercise 1: EM of 5, 0, 2 and 1, 9, 1."""
    x, y = np.array([5, 0, 2]), np.array([1, 9, 1])
    value, truth = number(answer), exact.emd(x, y)
    if np.isclose(value, truth, rtol=1e-3):
        return
    if np.isclose(value, 3 * truth, rtol=1e-3):
        raise Hint("that is the sum of the three ways. Each point has mass 1/3: take their mean.")
    slips = (
        (np.abs(x - y).mean(), "you sent the points in the order given. Is there a cheaper plan?"),
        (np.abs(x - y).sum(), "you sent the points in the order given, and took the sum."),
        (abs(x.mean() - y.mean()), "that is the difference of the means. One point goes left."),
    )
    for wrong, hint in slips:
        if np.isclose(value, wrong, rtol=1e-2):
            raise Hint(hint)
    if value < 0:
        raise Hint("a cost is not negative.")
    raise Hint("call exact.emd with two lists: the points before, and the points after.")


@check
def kl_of_coins(answer: Any) -> None:
    """Exercise 2: KL of the coins (.9, .1) and (.5, .5)."""
    p, q = [0.9, 0.1], [0.5, 0.5]
    value, truth = number(answer), exact.kl(p, q)
    if np.isclose(value, truth, rtol=1e-2):
        return
    if np.isclose(value, truth, rtol=3e-2):
        raise Hint("close: give three digits.")
    slips = (
        (exact.kl(q, p), "that is KL(Q, P). KL is not symmetric: which coin comes first?"),
        (truth / np.log(2), "that is in bits. Here logarithms are natural: exact.kl."),
        (exact.js(p, q), "that is JS. Ask exact.kl."),
        (exact.tv(p, q), "that is TV. Ask exact.kl."),
        (-truth, "KL is never negative. Check the sign."),
        (exact.kl([0.1, 0.9], p), "one coin is fair: its masses are 0.5 and 0.5."),
    )
    for wrong, hint in slips:
        if np.isclose(value, wrong, rtol=5e-3):
            raise Hint(hint)
    raise Hint("give exact.kl two lists, the masses of P and those of Q: heads first, then tails.")


@check
def points_for_emd(answer: Any, start: Any, target: float) -> None:
    """Exercise 3: two points of mean 0 at a given EM from two others of mean 0."""
    points = numbers(answer, 2)
    if np.abs(points).max() > 1e9:
        raise Hint("give points below a billion.")
    value = exact.emd(start, points)
    if not np.isclose(points.mean(), 0, atol=1e-6):
        raise Hint(f"their mean is {points.mean():g}, not 0 (and their EM is {value:g}).")
    if not np.isclose(value, target, rtol=1e-3):
        raise Hint(
            f"the mean is right, and EM is {value:g}. How far must each of the points "
            f"{start[0]} and {start[1]} go, and in which direction?"
        )
