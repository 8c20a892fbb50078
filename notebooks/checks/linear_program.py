"""Checks of lesson 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from checks import Hint, Unanswered, call, check, number, numbers
from wganlab import exact


@check
def two_by_two(matrix: Any, right: Any) -> None:
    """Exercise 1: A and b of (.3, .7) and (.6, .4)."""
    if right is None:
        raise Unanswered
    truth = np.column_stack([exact.marginal_matrix(2, 2).toarray(), [0.3, 0.7, 0.6, 0.4]])
    if _shape(matrix) == (3, 4):
        raise Hint("three rows do describe the same plans, one is redundant; here write all four.")
    given = np.column_stack([numbers(matrix, 4, 4), numbers(right, 4)])
    if np.allclose(_sorted_rows(given), _sorted_rows(truth)):
        return  # the same equations, perhaps in another order
    A = given[:, :4]
    if not np.isin(A, (0, 1)).all():
        raise Hint("A only says which entries of the plan are added: its entries are 0 and 1.")
    if np.array_equal(A, truth[:, :4].T):
        raise Hint("that is the transpose of A: a row of A is one sum, a column one way.")
    if np.array_equal(A, truth[:, [0, 2, 1, 3]]):
        raise Hint("you wrote the plan column after column. The order is 11, 12, 21, 22.")
    if not np.allclose(_sorted_rows(A), _sorted_rows(truth[:, :4])):
        sums = ("row 1", "row 2", "column 1", "column 2")
        missing = ~(truth[:, None, :4] == A).all(axis=2).any(axis=1)
        raise Hint(f"no row of A is the sum of {sums[np.argmax(missing)]} of the plan.")
    raise Hint("A is right, but b does not belong to it: which mass, of P or Q, is each sum?")


def _shape(answer: Any) -> tuple[int, ...]:
    try:
        return np.shape(answer)
    except ValueError:  # rows of different lengths
        return ()


def _sorted_rows(rows: np.ndarray) -> np.ndarray:
    return rows[np.lexsort(rows.T)]


@check
def proving_prices(f: Any, g: Any, ways: np.ndarray, plan: np.ndarray) -> None:
    """Exercise 2: prices that keep the promise and are worth what the plan costs."""
    if g is None:
        raise Unanswered
    prices, fees = numbers(f, ways.shape[0]), numbers(g, ways.shape[1])
    cost = (plan * ways).sum()
    worth = plan.sum(axis=1) @ prices + plan.sum(axis=0) @ fees
    slack = ways - prices[:, None] - fees
    i, j = np.unravel_index(np.argmin(slack), slack.shape)
    if slack[i, j] < -1e-9:
        raise Hint(
            f"f_{i + 1} + g_{j + 1} = {prices[i] + fees[j]:g} is more than the way costs, "
            f"{ways[i, j]:g}: the promise is broken."
        )
    if np.isclose(worth, cost):
        return
    i, j = np.unravel_index(np.argmax(plan * slack), slack.shape)
    raise Hint(
        f"allowed, but worth {worth:g}: they prove that EM is at least that. The plan costs "
        f"{cost:g}. It uses the way {i + 1}-{j + 1}, where f + g is too low by {slack[i, j]:g}."
    )


@check
def line_function(function: Any) -> None:
    """Exercise 3: EM between two samples of equal size on the line."""
    rng = np.random.default_rng(0)
    cases = [(rng.normal(size=n), rng.normal(0.3, 2, size=n)) for n in (1, 2, 5, 8)]
    cases += [(v, u) for u, v in cases]  # there the signs are turned
    values = _values(function, cases)
    truth = np.array([exact.emd(u, v) for u, v in cases])
    slips: tuple[tuple[Callable[[Any, Any], Any], str], ...] = (
        (lambda u, v: np.abs(u - v).mean(), "it matches the points as they come. Sort both first."),
        (
            lambda u, v: np.abs(np.sort(u) - np.sort(v)).sum(),
            "that is the sum. Each point has mass 1/n, so take the mean.",
        ),
        (
            lambda u, v: np.abs(u.mean() - v.mean()),
            "that is the difference of the means. Take |u - v| of each pair before the mean.",
        ),
        (
            lambda u, v: (np.sort(u) - np.sort(v)).mean(),
            "a way to the left costs as much as one to the right: take |u - v| of each pair.",
        ),
        (
            lambda u, v: ((np.sort(u) - np.sort(v)) ** 2).mean(),
            "that is the square of W2. A trip costs its length, not its square.",
        ),
        (
            lambda u, v: ((np.sort(u) - np.sort(v)) ** 2).mean() ** 0.5,
            "that is W2. A trip costs its length, not its square.",
        ),
    )
    if np.allclose(values, truth):
        return
    for wrong, hint in slips:
        if np.allclose(values, [wrong(u, v) for u, v in cases]):
            raise Hint(hint)
    u, v = np.array([2.0, 6.0, 0.0]), np.array([9.0, 1.0, 3.0])
    told, right = _values(function, [(u, v)])[0], exact.emd(u, v)
    if np.isclose(told, right, rtol=1e-4):
        raise Hint(f"it is wrong for other points, by up to {np.abs(values - truth).max():.2g}.")
    raise Hint(
        f"for 2, 6, 0 and 9, 1, 3 it gives {told:.4g}, and it is {right:.4g}: on paper, match the "
        "smallest with the smallest, and so on."
    )


def _values(function: Any, cases: list[Any]) -> list[float]:
    """What the function returns for each case, as numbers."""
    answers = [call(function, *case) for case in cases]
    if all(answer is None for answer in answers):
        raise Unanswered
    for answer in answers:
        if answer is None:
            raise Hint("it returns None for some samples: every way through needs its `return`.")
        if len(_shape(answer)) > 0:
            raise Hint(f"it returns an array of shape {_shape(answer)}: give their mean.")
    return [number(answer) for answer in answers]


@check
def greedy_fails(u: Any, v: Any, greedy: Callable[[Any, Any], float]) -> None:
    """Exercise 4: points for which greedy matching costs at least twice as much as EM."""
    if v is None:
        raise Unanswered
    before, after = numbers(u, 2), numbers(v, 2)
    if max(np.abs(before).max(), np.abs(after).max()) > 1e9:
        raise Hint("give places on the street, below a billion.")
    paid, least = number(call(greedy, before, after)), exact.emd(before, after)
    if paid >= 2 * least - 1e-9 and paid > least:
        return
    if np.isclose(paid, least):
        raise Hint(
            f"there greedy is optimal, both cost {least:g}. Let the first u take, by a hair, the "
            "very point that the second u needs."
        )
    raise Hint(
        f"greedy costs {paid:g} and EM is {least:g}, {paid / least:.3g} times. Good idea; now make "
        "the way that is left for the second u longer, and its best way shorter."
    )
