"""Checks of lesson 10."""

from __future__ import annotations

from typing import Any

import numpy as np

from checks import Hint, Unanswered, call, check, number, numbers
from wganlab import exact

PLACES = np.arange(-2.0, 3.0)
REAL = np.array([0, 0.5, 0, 0.5, 0])


@check
def points_needed(answer: Any, dimension: int, points: int, factor: float) -> None:
    """Exercise 1: points * factor^dimension."""
    value = number(answer)
    if np.isclose(value, points * factor**dimension, rtol=0.03):
        return
    slips = (
        (points * factor**2, "that is the rate of d = 1. In 10 dimensions it is n^(-1/10)."),
        (points * factor, "twice the points lower the floor by the factor 2^(1/10) only."),
        (factor**dimension, "that is how many times as many. Now times the 1,000."),
        (points * dimension, "the dimension is in the exponent, so it is no factor."),
        (points * factor * dimension, "the dimension is in the exponent, so it is no factor."),
        (points**factor, "set (n / 1000)^(-1/10) = 1/2 and solve for n."),
        (points * dimension**factor, "the 10 is in the exponent: (n / 1000)^(-1/10) = 1/2."),
        (points * factor ** (1 / dimension), "turned round: it is n that is to the power 1/10."),
    )
    for wrong, hint in slips:
        if np.isclose(value, wrong, rtol=0.03):
            raise Hint(hint)
    raise Hint("set (n / 1000)^(-1/10) = 1/2 and solve for n.")


@check
def rare(answer: Any, p: float) -> None:
    """Exercise 2: the first m with (1 - p)^m < 1/2."""
    value = number(answer)
    smallest = int(np.floor(np.log(0.5) / np.log(1 - p))) + 1
    if value == smallest:
        return
    if value != round(value) or value < 1:
        raise Hint("a number of throws is a whole number, at least 1.")
    if value == round(1 / p):
        raise Hint("on average there is a 1 among so many. But it is the median that counts.")
    if value > smallest:
        raise Hint(f"with {value:g} it does not end at 0, but a smaller batch does as well.")
    none = (1 - p) ** value
    raise Hint(
        f"among {value:g} throws there is no 1 with probability {none:.3f}. So what is the "
        "median of the share of ones?"
    )


@check
def unbiased_energy(function: Any) -> None:
    """Exercise 3: a function of two clouds."""
    cases = [_case(seed) for seed in range(4)]
    answers = [call(function, *case) for case in cases]
    if all(answer is None for answer in answers):
        raise Unanswered
    values = np.array([_single(answer) for answer in answers])
    told = [_energies(*case) for case in cases]
    if np.allclose(values, [numbers["right"] for numbers in told], rtol=1e-6, atol=1e-9):
        return
    for name, hint in SLIPS.items():
        if np.allclose(values, [numbers[name] for numbers in told], rtol=1e-6, atol=1e-9):
            raise Hint(hint)
    raise Hint(f"for one pair of clouds it is {told[0]['right']:.4f}, not {values[0]:.4f}.")


SLIPS = {
    "biased": "the means within a cloud count each point with itself, at distance 0. There are "
    "n (n - 1) other pairs.",
    "within only n": "divide the sum within a cloud by n (n - 1), for both clouds.",
    "half": "that is half of it: 2 E|X - Y| - ..., as in the text above.",
    "cross unbiased": "between two clouds all n m pairs count: no point meets itself there.",
    "one cross": "the mean distance between the clouds counts twice.",
    "root": "that is the root. It is biased, and a negative estimate has none.",
    "positive": "the unbiased estimate may be negative. Do not cut it off at 0.",
    "sign": "the sign: far clouds have a large E|X - Y|, and a large distance.",
    "squares": "|X - Y| is the distance, not its square. With squares only the means are compared.",
}


def _case(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two clouds; those of seed 0 and 1 are of one law, and their estimates differ in sign."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(6 + seed, 2)), rng.normal(size=(9, 2)) + (seed > 1) * seed


def _energies(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """The right estimate, and what the typical mistakes give."""
    n, m = len(x), len(y)
    cross, first, second = (exact.distances(u, v) for u, v in ((x, y), (x, x), (y, y)))
    a, b = first.sum() / (n * (n - 1)), second.sum() / (m * (m - 1))
    right = 2 * cross.mean() - a - b
    squares = (
        2 * (cross**2).mean() - (first**2).sum() / (n * (n - 1)) - (second**2).sum() / (m * (m - 1))
    )
    return {
        "right": right,
        "biased": 2 * cross.mean() - first.mean() - second.mean(),
        "within only n": 2 * cross.mean() - first.sum() / (n - 1) - second.sum() / (m - 1),
        "half": right / 2,
        "cross unbiased": 2 * cross.sum() / ((n - 1) * (m - 1)) - a - b,
        "one cross": cross.mean() - a - b,
        "root": float(np.sqrt(max(right, 0))),
        "positive": max(right, 0),
        "sign": -right,
        "squares": squares,
    }


def _single(answer: Any) -> float:
    if answer is None:
        raise Hint("it returns None for some clouds: every way through it needs its `return`.")
    if np.size(answer) != 1:
        raise Hint(f"it returns an array of shape {np.shape(answer)}; return one number.")
    try:
        value = float(np.asarray(answer).reshape(()))
    except (TypeError, ValueError):
        raise Hint(f"it returns {answer!r}, which is not a number.") from None
    if np.isnan(value):
        raise Hint("it returns nan: the root of a negative estimate? The square is asked for.")
    return number(value)


@check
def blind_spot(answer: Any, em: float) -> None:
    """Exercise 4: five weights with three moments of the real law, and far from it."""
    weights = numbers(answer, 5)
    if (weights < -1e-9).any():
        raise Hint("a weight below 0 is no mass.")
    if not np.isclose(weights.sum(), 1, atol=1e-6):
        raise Hint(f"the weights sum to {weights.sum():.4g}; they should sum to 1.")
    weights = np.clip(weights, 0, None) / np.clip(weights, 0, None).sum()
    if np.allclose(weights, REAL, atol=1e-6):
        raise Hint("that is the real law itself. Another one is asked for.")
    for power, name in ((1, "mean"), (2, "mean of x^2"), (3, "mean of x^3")):
        real, fake = REAL @ PLACES**power, weights @ PLACES**power
        if not np.isclose(real, fake, atol=1e-4):
            raise Hint(
                f"the {name} is {fake:.3f}, that of the real law {real:.3f}: this MMD sees it."
            )
    reached = exact.emd(PLACES, PLACES, REAL, weights)
    if reached < em - 1e-6:
        raise Hint(
            f"the moments agree, but EM is {reached:.3f}, and {em:g} is asked for. Leave no mass "
            "where the real law has it."
        )


@check
def batches_for(answer: Any, diameter: float, level: float, points: int, radius: float) -> None:
    """Exercise 5: the first R with diameter sqrt(log(1 / level) / (points R)) <= radius."""
    value = number(answer)
    exact_one = diameter**2 * np.log(1 / level) / (points * radius**2)
    if value == np.ceil(exact_one):
        return
    slips = (
        (exact_one, "batches are counted: the next whole number."),
        (exact_one * points, "that is the number of all points. Divide by 1,000, and round up."),
        (exact_one / diameter, "the diameter counts squared, as it stands outside the root."),
        (exact_one / diameter**2, "and the diameter? It counts squared."),
        (exact_one * radius, "the radius counts squared, as the root is taken of the rest."),
        (exact_one / np.log(10), "log is the natural logarithm."),
    )
    for wrong, hint in slips:
        if value in (np.floor(wrong), np.ceil(wrong)) or np.isclose(value, wrong, rtol=0.01):
            raise Hint(hint)
    found = diameter * np.sqrt(np.log(1 / level) / (points * max(value, 1e-9)))
    raise Hint(f"with {value:g} batches the radius is {found:.3f}, and {radius:g} is asked for.")


@check
def level_of_a_look(answer: Any, looks: int, confidence: float) -> None:
    """Exercise 6: the error probability over the number of sides of all looks."""
    value = number(answer)
    error = 1 - confidence
    if np.isclose(value, error / (2 * looks), rtol=1e-6):
        return
    slips = (
        (error / looks, "each look has two sides that may be wrong."),
        (error / 2, "that is for one look. Five looks are ten chances to be wrong."),
        (error, "then each of the ten sides alone may be wrong that often."),
        (1 - confidence ** (1 / (2 * looks)), "that would hold if looks were independent."),
        (1 - error / (2 * looks), "that is how sure each side is. How often may it be wrong?"),
    )
    for wrong, hint in slips:
        if np.isclose(value, wrong, rtol=1e-3):
            raise Hint(hint)
    raise Hint("the probabilities of ten sides add up, at worst, to 0.05.")
