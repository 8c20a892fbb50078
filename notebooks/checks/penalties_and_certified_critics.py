"""Checks of lesson 7."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from checks import Hint, Unanswered, call, check, number


@check
def two_weights(answer: Any, gaps: Mapping[float, float]) -> None:
    """Exercise 1: the straight line through two gaps over 1 / lambda, at 0."""
    value = number(answer)
    (small, upper), (large, lower) = sorted(gaps.items())
    constant = (upper - lower) / (1 / (2 * small) - 1 / (2 * large))
    em = upper - constant / (2 * small)
    if np.isclose(value, em, rtol=2e-3):
        return
    corrected = [weight * (np.sqrt(1 + 2 * gap / weight) - 1) for weight, gap in gaps.items()]
    ratio = large / small
    slips = (
        *((other, "that takes C to be EM^2, which it is not here.") for other in corrected),
        (constant, "that is C. EM is a gap minus C / (2 lambda)."),
        (constant / 2, "that is C / 2. EM is a gap minus C / (2 lambda)."),
        ((upper + lower) / 2, "both gaps are too large, so their mean is, too."),
        (lower, "a larger lambda makes the excess smaller, but not 0."),
        (upper, "that gap has the larger excess of the two."),
        (
            upper - (upper - lower) / (1 - ratio**-2),
            "the excess falls as 1 / lambda, not as 1 / lambda^2.",
        ),
        (
            (large * upper - small * lower) / (large - small),
            "weights exchanged: the gap with the larger lambda is the better one.",
        ),
        (lower - (upper - lower), "a lambda that is infinite is farther away than that."),
    )
    for wrong, hint in slips:
        if np.isclose(value, wrong, rtol=2e-3):
            raise Hint(hint)
    if value >= lower:
        raise Hint("EM is below both gaps: each is EM + C / (2 lambda), with the same C > 0.")
    raise Hint("two equations, gap = EM + C / (2 lambda), and two unknown numbers, EM and C.")


@check
def bend(answer: Any, right: float) -> None:
    """Exercise 2: the slopes far right and far left differ by at most 1."""
    value = number(answer)
    if np.isclose(value, 1 - right, rtol=1e-3):
        return
    slips = (
        (right - 1, "right size. The question asks for it without a sign."),
        (1, "slope 1 each way would be a bend of more than 1. How much is left of it?"),
        (right, "then it bends by twice that, which is more than 1."),
        (0.5, "half each is the best for equal slopes. Here the right side takes more."),
        (
            np.sqrt(1 - right**2),
            "the slopes add up, not their squares: slope far right - slope far left <= 1.",
        ),
        (2 - right, "a tent of slopes -1 and 1 bends by 2. A network of norm 1 bends by 1."),
        (0, "it can fall a little: the bend to the right uses less than what there is."),
    )
    for wrong, hint in slips:
        if np.isclose(value, wrong, rtol=1e-3, atol=1e-9):
            raise Hint(hint)
    raise Hint("slope far right - slope far left is at most 1. The first is given.")


@check
def unsquared(answer: Any, theta: float) -> None:
    """Exercise 3: theta s - lambda max(s - 1, 0) is bounded while lambda >= theta."""
    value = number(answer)
    if np.isclose(value, theta, rtol=1e-3):
        return
    slips = (
        (theta / 2, "there is no square here, so no 2 comes from its derivative."),
        (2 * theta, "there is no square here, so no 2 comes from its derivative."),
        (1, "compare what one more unit of slope earns with what it costs."),
        (0, "without a penalty the gap is infinite: more slope earns theta, and costs nothing."),
        (theta**2, "that is C of the squared penalty. Here the cost is a straight line."),
        (1 / theta, "upside down: the farther apart the lines, the more a slope earns."),
        (10, "10 is enough here. Which is the smallest that is?"),
    )
    for wrong, hint in slips:
        if np.isclose(value, wrong, rtol=1e-3, atol=1e-9):
            raise Hint(hint)
    raise Hint("theta s - lambda max(s - 1, 0): beyond s = 1 it is a straight line. Does it rise?")


@check
def lower_bound(function: Any) -> None:
    """Exercise 4: (gap - 2 standard errors) / L."""
    cases = [_case(seed) for seed in range(4)]
    answers = [call(function, *case) for case in cases]
    if all(answer is None for answer in answers):
        raise Unanswered
    values = np.array([_single(answer) for answer in answers])
    told = [_numbers(*case) for case in cases]
    # n or n - 1 in the variance: both are in use
    for name in ("right", "sample"):
        if np.allclose(values, [numbers[name] for numbers in told], rtol=1e-6):
            return
    for name, hint in SLIPS.items():
        if np.allclose(values, [numbers[name] for numbers in told], rtol=4e-3):
            raise Hint(hint)
    raise Hint(f"for one critic it is {told[0]['right']:.4f}, not {values[0]:.4f}.")


SLIPS = {
    "gap": "that is the gap. It needs its standard error, and L.",
    "raw": "divide by L: it is f / L that has slope at most 1.",
    "error unscaled": "the standard error is that of f, so it is to be divided by L, too.",
    "plus": "that is an upper end. A lower bound subtracts the standard errors.",
    "one": "two standard errors, not one.",
    "no error": "gap / L alone is above EM by chance too often: subtract two standard errors.",
    "deviation": "that subtracts standard deviations. The mean of n values has one over sqrt(n).",
    "added": "independent errors add up in squares: the square root of the sum of variances / n.",
    "product": "divide by L, not multiply: a steeper critic proves less.",
    "sign": "the sign: the gap is mean f(real) - mean f(fake).",
    "pooled": "the variance of real and fake values together counts the gap itself as chance.",
    "variance": "that subtracts variances. A standard error is a square root.",
}


def _case(seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Values at new points, and a proven constant."""
    rng = np.random.default_rng(seed)
    real = 3 + rng.normal(size=50 + 30 * seed) * (1 + seed)
    fake = rng.normal(size=200) * 0.7
    return real, fake, 1.5 + seed


def _numbers(real: np.ndarray, fake: np.ndarray, lipschitz: float) -> dict[str, float]:
    """The right bound, and what the typical mistakes give."""
    gap = real.mean() - fake.mean()
    n, m = len(real), len(fake)
    error = np.sqrt(real.var() / n + fake.var() / m)
    sample = np.sqrt(real.var(ddof=1) / n + fake.var(ddof=1) / m)
    both = np.concatenate([real, fake])
    return {
        "right": (gap - 2 * error) / lipschitz,
        "sample": (gap - 2 * sample) / lipschitz,
        "gap": gap,
        "raw": gap - 2 * error,
        "error unscaled": gap / lipschitz - 2 * error,
        "plus": (gap + 2 * error) / lipschitz,
        "one": (gap - error) / lipschitz,
        "no error": gap / lipschitz,
        "deviation": (gap - 2 * np.sqrt(real.var() + fake.var())) / lipschitz,
        "added": (gap - 2 * (real.std() / np.sqrt(n) + fake.std() / np.sqrt(m))) / lipschitz,
        "product": (gap - 2 * error) * lipschitz,
        "sign": (-gap - 2 * error) / lipschitz,
        "pooled": (gap - 2 * both.std() * np.sqrt(1 / n + 1 / m)) / lipschitz,
        "variance": (gap - 2 * error**2) / lipschitz,
    }


def _single(answer: Any) -> float:
    if answer is None:
        raise Hint("it returns None for some values: every way through it needs its `return`.")
    if np.size(answer) != 1:
        raise Hint(f"it returns an array of shape {np.shape(answer)}; return one number.")
    return number(np.asarray(answer).reshape(()))
