"""Checks of lesson 3."""

from __future__ import annotations

from typing import Any

import numpy as np

from checks import Hint, Unanswered, call, check, number, numbers
from wganlab import exact

Array = np.ndarray


@check
def critic_on_three_points(answer: Any) -> None:
    """Exercise 1: an optimal critic of (.7, .1, .2) and (.2, .4, .4) on 0, 2, 3."""
    p, q, places = np.array([0.7, 0.1, 0.2]), np.array([0.2, 0.4, 0.4]), np.array([0.0, 2.0, 3.0])
    f = numbers(answer, 3)
    truth, gap = exact.emd(places, places, p, q), (p - q) @ f
    way = np.abs(places[:, None] - places)
    if (np.abs(f[:, None] - f) > way + 1e-9).any():
        i, j = np.unravel_index(np.argmax(np.abs(f[:, None] - f) - way), way.shape)
        raise Hint(
            f"not 1-Lipschitz: between {places[i]:g} and {places[j]:g} it changes by "
            f"{abs(f[i] - f[j]):g}, and the way is {way[i, j]:g}."
        )
    if np.isclose(gap, truth):
        return
    if np.isclose(gap, -truth):
        raise Hint("that is high on fake. Change the sign.")
    if np.isclose(gap, 0):
        raise Hint("its gap is 0. Where must mass travel? f falls by 1 for each step of that way.")
    raise Hint(
        f"1-Lipschitz, but its gap is {gap:g} and EM is more. Compare the distribution functions: "
        "where F > G mass passes to the right, and f falls with slope 1."
    )


@check
def what_is_proven(answer: Any) -> None:
    """Exercise 2: gap 12, bound 4, slope seen 1.5, certificate 2.6."""
    gap, bound, seen, certificate = 12.0, 4.0, 1.5, 2.6
    value = number(answer)
    if np.isclose(value, max(gap / bound, certificate)):
        return
    if np.isclose(value, gap):
        raise Hint("the raw gap proves nothing: the critic may be four times too steep.")
    if np.isclose(value, gap / seen):
        raise Hint("the slope that was seen is no bound: it may be larger elsewhere.")
    if np.isclose(value, certificate):
        raise Hint("that is proven, but is there something else that is proven too, and larger?")
    if np.isclose(value, certificate / bound):
        raise Hint("a certificate needs no division: it holds for any function.")
    raise Hint("two of the four numbers lead to a lower bound. Which, and which bound is larger?")


@check
def certificate_function(function: Any) -> None:
    """Exercise 3: a function that computes the certificate."""
    rng = np.random.default_rng(0)
    cases = []
    for n, m in ((5, 7), (6, 4), (5, 5)):
        x, y = rng.normal(size=(n, 2)), rng.normal(size=(m, 2)) + 1
        cases.append((2 * rng.normal(size=n), x, y))
    values = _numbers(function, cases)
    truth = np.array([exact.certificate(*case) for case in cases])
    ways = [exact.distances(x, y) for _, x, y in cases]
    columns = [f[:, None] for f, _, _ in cases]
    parts = [(f.mean(), way - f) for f, way in zip(columns, ways, strict=True)]
    raised = [(f.mean(), way + f) for f, way in zip(columns, ways, strict=True)]
    slips = (
        (
            [mean + table.min(axis=0).sum() for mean, table in parts],
            "you added the minima. Take their mean: each fake point has mass 1/m.",
        ),
        (
            [mean + table.max(axis=0).mean() for mean, table in parts],
            "that takes the largest price for a delivery. Then a trip is overpaid: use min.",
        ),
        (
            [mean + table.mean() for mean, table in parts],
            "you took the mean over i. The price must respect every trip to y_j: use min.",
        ),
        (
            [mean + table.min() for mean, table in parts],
            "one minimum over the whole table. Each y_j has a minimum of its own: axis=0.",
        ),
        (
            [mean + table.min(axis=1).mean() for mean, table in parts],
            "the minimum runs along the wrong axis: over the real points, for each fake one.",
        ),
        (
            [mean + way.min(axis=0).mean() for (mean, _), way in zip(parts, ways, strict=True)],
            "where is - f(x_i) inside the minimum?",
        ),
        (
            [mean + table.min(axis=0).mean() for mean, table in raised],
            "inside the minimum f is subtracted: what was paid for the pick-up is gone.",
        ),
        ([table.min(axis=0).mean() for _, table in parts], "the mean of f at x is missing."),
        (-truth, "the sign is wrong."),
    )
    if np.allclose(values, truth):
        return
    for wrong, hint in slips:
        if np.allclose(values, wrong):
            raise Hint(hint)
    raise Hint(
        f"for 5 real and 7 fake points it is {truth[0]:.4f}, not {values[0]:.4f}. First, for each "
        "fake point, the smallest |x_i - y_j| - f(x_i); then the mean of these; then add mean f."
    )


def _numbers(function: Any, cases: list[Any]) -> Array:
    """What the function returns for each case."""
    answers = [call(function, *(array.copy() for array in case)) for case in cases]
    if all(answer is None for answer in answers):
        raise Unanswered
    for answer in answers:
        if np.ndim(answer) > 0:
            raise Hint(
                f"it returns an array of shape {np.shape(answer)}; the certificate is one number."
            )
    return np.array([number(answer) for answer in answers])


@check
def critic_by_hand(function: Any, real: Array, fake: Array) -> None:
    """Exercise 4: a 1-Lipschitz function with a gap of at least 90 % of EM."""
    rng = np.random.default_rng(0)
    inside = rng.uniform(-3, 4, size=(500, 2))
    beside = inside + 1e-3 * rng.normal(size=inside.shape)
    points = np.concatenate([real, fake, inside, beside])
    f = _values(function, points)
    if not np.allclose(_values(function, points[::-1]), f[::-1]) or not np.allclose(
        _values(function, points[:7]), f[:7]
    ):
        raise Hint(
            "its value at a point depends on which other points are passed with it. Use fixed "
            "numbers, such as real.mean(axis=0), not z.mean(axis=0)."
        )
    _refuse_steep(function, f, points)
    n, m = len(real), len(fake)
    truth, gap = exact.emd(real, fake), f[:n].mean() - f[n : n + m].mean()
    if gap >= 0.9 * truth:
        return
    if gap <= -0.5 * truth:
        raise Hint(f"its gap is {gap:.2f}: high on fake, low on real. Change the sign.")
    advice = "Far from what point are all the fake ones, and near it the real ones?"
    if np.isclose(gap, 0):
        advice = "It has the same mean on both clouds. Draw them: where should it be high?"
    elif np.allclose(_values(function, (real[:20] + fake[:20]) / 2), (f[:20] + f[n : n + 20]) / 2):
        advice = "A linear function sees only the means of the clouds: let it bend."
    elif _steepest(f, points) < 0.8:
        advice = "It is nowhere steep: you may go up to slope 1."
    raise Hint(f"1-Lipschitz, and its gap is {gap / truth:.0%} of EM. {advice}")


def _values(function: Any, points: Array) -> Array:
    answer = call(function, points.copy())
    if answer is None:
        raise Unanswered
    if np.shape(answer) == (len(points), 1):
        answer = np.ravel(answer)
    if np.ndim(answer) == 0:
        raise Hint("it returns one number; give one for each row of z, with axis=1.")
    return numbers(answer, len(points))


def _steepest(f: Array, points: Array) -> float:
    way = exact.distances(points, points)
    rise = np.abs(f[:, None] - f)
    return float(np.divide(rise, way, out=np.zeros_like(way), where=way > 0).max())


def _refuse_steep(function: Any, f: Array, points: Array) -> None:
    steepest = _steepest(f, points)
    if steepest <= 1 + 1e-6:
        return
    wide = 10 * points
    if _steepest(_values(function, wide), wide) > 5 * steepest:
        raise Hint(
            f"not 1-Lipschitz: its slope is {steepest:.3g} here and grows with the distance. Use "
            "the distance itself, not its square."
        )
    lines = np.linspace([-3, -3], [4, 4], 100_001), np.linspace([-3, 4], [4, -3], 100_001)
    if max(np.abs(np.diff(_values(function, line))).max() for line in lines) > 0.01:
        raise Hint("it jumps, so no division makes it 1-Lipschitz. Let it fall gradually.")
    raise Hint(
        f"not 1-Lipschitz: somewhere its slope is at least {steepest:.4g}. Divide it by its "
        "largest slope."
    )
