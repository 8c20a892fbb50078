"""Checks of lesson 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from checks import Hint, Unanswered, call, check, number, numbers, shown
from wganlab import exact


@check
def emd_on_three_points(answer: Any) -> None:
    """Exercise 1: EM of (.2, .3, .5) and (.5, .3, .2) on 0, 1, 2."""
    p, q, places = [0.2, 0.3, 0.5], [0.5, 0.3, 0.2], [0, 1, 2]
    value, truth = number(answer), exact.emd(places, places, p, q)
    if np.isclose(value, truth):
        return
    if np.isclose(value, exact.tv(p, q)):
        raise Hint("that is TV. How far does the mass travel? From 2 to 0 is two steps.")
    if np.isclose(value, 2 * truth):
        raise Hint("you counted mass that leaves and mass that arrives. Each trip counts once.")
    if value < 0:
        raise Hint("a cost is not negative. Take |F - G|, not F - G.")
    raise Hint("F = (.2, .5, 1) and G = (.5, .8, 1). Add |F - G| over the two gaps of width 1.")


@check
def js_function(function: Any) -> None:
    """Exercise 2: a function that computes JS."""
    rng = np.random.default_rng(0)
    cases = [rng.dirichlet(np.ones(4), size=2) for _ in range(5)]
    zeros = (np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5]))
    tiny = (np.array([1.0, 0.0]), np.array([1 - 1e-9, 1e-9]))  # epsilon is not small beside 1e-9
    *values, at_zeros, at_tiny = _values(function, [*cases, zeros, tiny])
    truth = np.array([exact.js(*case) for case in cases])
    _refuse_slips(np.array(values), truth, cases)
    if not np.allclose(values, truth, rtol=0.02):
        raise Hint(f"for {cases[0].round(3).tolist()} it is {truth[0]:.6f}, not {values[0]:.6f}.")
    if not np.isfinite(at_zeros):
        raise Hint(f"with zeros it gives {at_zeros}. A place of mass 0 adds 0, not 0 log 0.")
    if not (np.isclose(at_tiny, exact.js(*tiny), rtol=1e-4, atol=0) and np.allclose(values, truth)):
        raise Hint(
            f"nearly. For (1, 0) and (1 - 1e-9, 1e-9) it is {exact.js(*tiny):.4g}, not "
            f"{at_tiny:.4g}. Add no small number: leave out the places of mass 0."
        )


def _values(function: Any, cases: list[Any]) -> list[float]:
    """What the function returns for each case; nan is left to be told apart later."""
    answers = [call(function, *case) for case in cases]
    if all(answer is None for answer in answers):
        raise Unanswered
    if any(answer is None for answer in answers):
        raise Hint("it returns None for some laws: every way through it needs its `return`.")
    for answer in answers:
        if isinstance(answer, np.ndarray) and answer.ndim > 0:
            raise Hint(
                f"it returns an array of shape {np.shape(answer)}, a term a place: add them up, "
                "with .sum()."
            )
        try:
            float(answer)
        except (TypeError, ValueError):
            raise Hint(f"it returns {shown(answer)}, which is not a number.") from None
    return [float(answer) for answer in answers]


def _refuse_slips(values: np.ndarray, truth: np.ndarray, cases: list[Any]) -> None:
    """Name the well-known mistake that gives these values instead of JS, if one does."""
    mixed = [((u + v) / 2, u, v) for u, v in cases]
    slips = (
        (2 * truth, "twice too large. Where are the halves?"),
        (truth / np.log(2), "that is in bits. Nats use the natural logarithm."),
        (np.sqrt(truth), "that is the square root of JS, the metric that SciPy returns."),
        (
            [(exact.kl(u, v) + exact.kl(v, u)) / 2 for u, v in cases],
            "that compares P and Q with each other. Compare each with their mixture.",
        ),
        (
            [(exact.kl(m, u) + exact.kl(m, v)) / 2 for m, u, v in mixed],
            "that is KL(M, P) and KL(M, Q). The mixture comes second: KL(P, M), KL(Q, M).",
        ),
        (
            [exact.kl(u, m) for m, u, v in mixed],
            "that is KL(P, M) alone. JS is the mean of KL(P, M) and KL(Q, M).",
        ),
        (truth - np.log(2), "your M has mass 2. It is half of P + Q."),
        (2 * (truth - np.log(2)), "your M has mass 2, and the halves before KL are missing."),
    )
    for wrong, hint in slips:
        if np.allclose(values, wrong):
            raise Hint(hint)


@check
def places_for_emd(answer: Any, p: np.ndarray, q: np.ndarray, target: float) -> None:
    """Exercise 3: places where EM of two given pmfs is `target`."""
    places = numbers(answer, 3)
    if np.abs(places).max() > 1e9:
        raise Hint(f"{places.tolist()}: give places on the street, below a billion.")
    value = exact.emd(places, places, p, q)
    if not np.isclose(value, target):
        raise Hint(
            f"there EM is {value:g}. Half the mass leaves the first place, half arrives at the "
            "third: how far apart must these be?"
        )
