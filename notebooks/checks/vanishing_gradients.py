"""Checks of lesson 5."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from checks import Hint, Unanswered, call, check, number
from wganlab import exact

REAL = exact.Density(lambda x: 0.5, support=(0, 2))
FAKE = exact.Density(lambda x: x / 2, support=(0, 2))
PLACE = 0.5


@check
def best_discriminator(answer: Any) -> None:
    """Exercise 1: p / (p + q) for a uniform law and a ramp."""
    value, p, q = number(answer), REAL.pdf(PLACE), FAKE.pdf(PLACE)
    if np.isclose(value, p / (p + q), rtol=1e-3):
        return
    slips = (
        (q / (p + q), "that is the share of the fakes. D is near 1 where points are real."),
        (p / q, "that is p / q. D is the share of the reals among all, p / (p + q)."),
        (p, "that is the density of the reals alone. Compare it with that of the fakes."),
        (q, "that is the density of the fakes alone. Compare it with that of the reals."),
        (np.log(p / q), "that is the logit, log(p / q). D is its sigmoid."),
        (1 / (1 + q), "the density of a uniform law on an interval of length 2 is not 1."),
    )
    for wrong, hint in slips:
        if np.isclose(value, wrong, rtol=1e-3):
            raise Hint(hint)
    if not 0 <= value <= 1:
        raise Hint("a discriminator's values lie between 0 and 1.")
    raise Hint("what are p(0.5) and q(0.5)? D is p / (p + q).")


@check
def js_from_discriminator(function: Any) -> None:
    """Exercise 2: L / 2 + log 2, from values at samples that are as the laws say."""
    rng = np.random.default_rng(0)
    counts = [rng.integers(1, 6, size=(2, 4)) for _ in range(4)]  # points at each of 4 places
    apart = np.array([[2, 3, 0], [0, 1, 3]])
    *values, at_zeros = _values(function, [*counts, apart])
    truth = np.array([_js(case) for case in counts])
    _refuse_slips(np.array(values), truth, counts)
    if not np.allclose(values, truth):
        raise Hint(
            f"for discriminator values {_discriminator(counts[0]).round(3).tolist()} at 4 places "
            f"it gives {values[0]:.4f}, and JS is {truth[0]:.4f}. Start with L, a sum of two means."
        )
    if not np.isclose(at_zeros, _js(apart)):
        raise Hint(
            f"with D = 1 at a real point and D = 0 at a fake one it gives {at_zeros}. Take log D "
            "of the real points alone, and log(1 - D) of the fake ones alone."
        )


def _discriminator(counts: np.ndarray) -> np.ndarray:
    """The best one at every place, for laws with masses proportional to the counts."""
    p, q = counts / counts.sum(axis=1, keepdims=True)
    return p / (p + q)


def _js(counts: np.ndarray) -> float:
    p, q = counts / counts.sum(axis=1, keepdims=True)
    return exact.js(p, q)


def _values(function: Any, cases: list[np.ndarray]) -> list[float]:
    """What the function returns for the discriminator's values at the points of each case."""
    answers = []
    for counts in cases:
        d = _discriminator(counts)
        answers.append(call(function, *(np.repeat(d, law) for law in counts)))
    if all(answer is None for answer in answers):
        raise Unanswered
    if any(answer is None for answer in answers):
        raise Hint("it returns None for some values: every way through it needs its `return`.")
    numbers = []
    for answer in answers:
        if np.ndim(answer) > 0:
            raise Hint(f"it returns an array of shape {np.shape(answer)}: take the mean of each.")
        try:
            numbers.append(float(answer))
        except (TypeError, ValueError):
            raise Hint(f"it returns {answer!r}, which is not a number.") from None
    return numbers


def _refuse_slips(values: np.ndarray, truth: np.ndarray, cases: list[np.ndarray]) -> None:
    """Name the well-known mistake that gives these values instead of JS, if one does."""
    logs = []
    for counts in cases:
        d = _discriminator(counts)
        logs.append([np.average(log, weights=law) for log in np.log([d, 1 - d]) for law in counts])
    on_real, on_fake, minus_real, minus_fake = np.array(logs).T  # means of log D, of log(1 - D)
    loss = 2 * truth - 2 * np.log(2)
    slips = (
        (loss, "that is L itself. L = 2 JS - 2 log 2: solve it for JS."),
        (-loss, "that is -L. L = 2 JS - 2 log 2: solve it for JS."),
        (loss / 2, "that is L / 2, which is JS - log 2."),
        (-loss / 2, "that is the cross-entropy, log 2 - JS. Mind the sign, and take JS out."),
        (2 * truth, "that is twice JS. With the halves, L + 2 log 2 is 2 JS."),
        (loss + np.log(2), "that is L + log 2. Which of them has to be halved?"),
        (loss / 2 + 2 * np.log(2), "that is L / 2 + log 4. Half of log 4 is log 2."),
        (np.log(2) - loss / 2, "the sign of L: JS grows with L, because the best D has less loss."),
        (truth / np.log(2), "that is in bits. Nats use the natural logarithm."),
        (
            (on_real + on_fake) / 2 + np.log(2),
            "you took log D of the fake points. They get log(1 - D).",
        ),
        (
            (minus_real + on_fake) / 2 + np.log(2),
            "real and fake are exchanged: log D is for the real points.",
        ),
        (
            (on_real - minus_fake) / 2 + np.log(2),
            "L is the sum of its two means, not their difference.",
        ),
    )
    for wrong, hint in slips:
        if np.allclose(values, wrong):
            raise Hint(hint)


@check
def distance_for_slope(answer: Any, target: float) -> None:
    """Exercise 3: where the minimax loss has that slope at the mean of the fakes."""
    m = number(answer)
    if m < 0:
        raise Hint("a distance is not negative.")
    if m <= 1:
        raise Hint(
            "give a distance greater than 1. (Very near 0 the slope is small too, because the laws "
            "are nearly equal and nothing is left to learn.)"
        )
    if m > 50:
        raise Hint("there float64 can hardly tell the slope from 0. Much nearer.")
    slope = _slope(m)
    if np.isclose(slope, target, rtol=0.05):
        return
    if np.isclose(_slope(2 * m), target, rtol=0.05):
        raise Hint("that is the way from a mean to the middle; give that between the means.")
    side = "steep" if slope > target else "flat"
    raise Hint(
        f"at {m:g} the slope is {slope:.2g}: too {side}. It is m D*, with D* at the mean of the "
        "fakes."
    )


def _slope(m: float) -> float:
    """Of log(1 - D*) at the mean of the fakes: the means are 0 and m."""
    log_p, log_q = stats.norm(0, 1).logpdf(m), stats.norm(m, 1).logpdf(m)
    return float(m * np.exp(log_p - np.logaddexp(log_p, log_q)))
