"""Self-checks of the lessons' exercises: each says that an answer is right, or gives a hint."""

from __future__ import annotations

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
    if function(*zeros) is None:
        print(OPEN)
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.array([float(function(*case)) for case in cases])
        at_zeros = float(function(*zeros))
    truth = np.array([exact.js(*case) for case in cases])
    if np.allclose(values, 2 * truth):
        print("Hint: twice too large. Where are the halves?")
    elif np.allclose(values, truth / np.log(2)):
        print("Hint: that is in bits. Nats use the natural logarithm.")
    elif np.allclose(values, np.sqrt(truth)):
        print("Hint: that is the square root of JS, the metric that SciPy returns.")
    elif np.allclose(values, [(exact.kl(u, v) + exact.kl(v, u)) / 2 for u, v in cases]):
        print("Hint: that compares P and Q with each other. Compare each with their mixture.")
    elif not np.allclose(values, truth):
        print(f"Hint: for {cases[0].round(3).tolist()} it is {truth[0]:.6f}, not {values[0]:.6f}.")
    elif not np.isclose(at_zeros, exact.js(*zeros)):
        print(f"Hint: with zeros it gives {at_zeros}. A place of mass 0 adds 0, not 0 log 0.")
    else:
        print(RIGHT)


def places_for_emd(
    answer: Sequence[float] | None, p: np.ndarray, q: np.ndarray, target: float
) -> None:
    """Lesson 1, exercise 3: places where EM of two given pmfs is `target`."""
    if answer is None:
        print(OPEN)
        return
    places = np.asarray(answer, dtype=float)
    if places.shape != (3,):
        print(f"Hint: give three numbers, one a place; this has shape {places.shape}.")
        return
    value = exact.emd(places, places, p, q)
    if np.isclose(value, target):
        print(RIGHT)
    else:
        print(
            f"Hint: there EM is {value:g}. Half the mass leaves the first place, half arrives at "
            "the third: how far apart must these be?"
        )
