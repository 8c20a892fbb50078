"""Self-checks of the lessons' exercises: each says that an answer is right, or gives a hint."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wganlab import exact

RIGHT = "Right."
OPEN = "Not answered yet: change the cell above, then run this one again."


def _number(answer: Any) -> float | None:
    try:
        return float(answer)
    except (TypeError, ValueError):
        return None


def emd_on_three_points(answer: float | None) -> None:
    """Lesson 1, exercise 1: EM of (.2, .3, .5) and (.5, .3, .2) on 0, 1, 2."""
    p, q, places = [0.2, 0.3, 0.5], [0.5, 0.3, 0.2], [0, 1, 2]
    value = _number(answer)
    if answer is None:
        print(OPEN)
    elif value is None:
        print(f"Hint: {answer!r} is not a number; give one, such as 0.25.")
    elif np.isclose(value, exact.emd(places, places, p, q)):
        print(RIGHT)
    elif np.isclose(value, exact.tv(p, q)):
        print("Hint: that is TV. How far does the mass travel? From 2 to 0 is two steps.")
    elif np.isclose(value, 2 * exact.emd(places, places, p, q)):
        print("Hint: you counted mass that leaves and mass that arrives. Each trip counts once.")
    elif value < 0:
        print("Hint: a cost is not negative. Take |F - G|, not F - G.")
    else:
        print(
            "Hint: F = (.2, .5, 1) and G = (.5, .8, 1). Add |F - G| over the two gaps of width 1."
        )


def js_function(function: Callable[[Any, Any], Any]) -> None:
    """Lesson 1, exercise 2: a function that computes JS."""
    rng = np.random.default_rng(0)
    cases = [rng.dirichlet(np.ones(4), size=2) for _ in range(5)]
    zeros = (np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5]))
    tiny = (np.array([1.0, 0.0]), np.array([1 - 1e-9, 1e-9]))  # epsilon is not small beside 1e-9
    printed = io.StringIO()
    with np.errstate(all="ignore"), contextlib.redirect_stdout(printed):
        answers = [function(*case) for case in (*cases, zeros, tiny)]
    complaint = _no_numbers(answers, printed.getvalue())
    if complaint:
        print(complaint)
        return
    *values, at_zeros, at_tiny = (float(answer) for answer in answers)
    truth = np.array([exact.js(*case) for case in cases])
    hint = _slip(np.array(values), truth, cases)
    if hint:
        print(f"Hint: {hint}")
    elif not np.allclose(values, truth):
        print(f"Hint: for {cases[0].round(3).tolist()} it is {truth[0]:.6f}, not {values[0]:.6f}.")
    elif not np.isclose(at_zeros, exact.js(*zeros)):
        print(f"Hint: with zeros it gives {at_zeros}. A place of mass 0 adds 0, not 0 log 0.")
    elif not np.isclose(at_tiny, exact.js(*tiny), rtol=1e-4, atol=0):
        print(
            f"Hint: for (1, 0) and (1 - 1e-9, 1e-9) it is {exact.js(*tiny):.4g}, not "
            f"{at_tiny:.4g}. Add no small number: leave out the places of mass 0."
        )
    else:
        print(RIGHT)


def _no_numbers(answers: list[Any], printed: str) -> str:
    """What to say of a function that does not return a number each time."""
    empty = [answer is None for answer in answers]
    if all(empty):
        return "Hint: it prints, but returns nothing: end with `return`." if printed else OPEN
    if any(empty):
        return "Hint: it returns None for some laws: every way through it needs its `return`."
    for answer in answers:
        if np.ndim(answer) > 0:
            return (
                f"Hint: it returns an array of shape {np.shape(answer)}, a term a place: add "
                "them up, with .sum()."
            )
        if _number(answer) is None:
            return f"Hint: it returns {answer!r}, which is not a number."
    return ""


def _slip(values: np.ndarray, truth: np.ndarray, cases: list[Any]) -> str:
    """The well-known mistake that gives these values instead of JS, if one does."""
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
        (truth - np.log(2), "your M has mass 2. It is half of P + Q."),
        (2 * (truth - np.log(2)), "your M has mass 2, and the halves before KL are missing."),
    )
    return next((hint for wrong, hint in slips if np.allclose(values, wrong)), "")


def places_for_emd(
    answer: Sequence[float] | None, p: np.ndarray, q: np.ndarray, target: float
) -> None:
    """Lesson 1, exercise 3: places where EM of two given pmfs is `target`."""
    if answer is None:
        print(OPEN)
        return
    if isinstance(answer, (set, frozenset, dict)):
        print("Hint: a set has no order; write three numbers in a list, such as [0, 1, 2].")
        return
    try:
        places = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        print(f"Hint: {answer!r} is not three numbers; write them in a list, such as [0, 1, 2].")
        return
    if places.shape != (3,):
        print(f"Hint: give three numbers, one a place; this has shape {places.shape}.")
        return
    if not (np.abs(places) < 1e9).all():  # false for nan too
        print(f"Hint: {places.tolist()}: give places on the street, below a billion.")
        return
    value = exact.emd(places, places, p, q)
    if np.isclose(value, target):
        print(RIGHT)
    else:
        print(
            f"Hint: there EM is {value:g}. Half the mass leaves the first place, half arrives at "
            "the third: how far apart must these be?"
        )
