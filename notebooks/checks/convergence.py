"""Checks of lesson 4."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from checks import Hint, Unanswered, call, check, number, numbers
from wganlab import exact

NAMES = ("KL(Q,P)", "KL(P,Q)", "JS", "TV", "EM")
LARGE = 10**6


def _distances(which: str, n: int) -> dict[str, float]:
    """All five between the n-th law of exercise 1 and its limit."""
    if which == "a":
        fake, real = exact.Discrete([0, 1 + 1 / n]), exact.Discrete([0, 1])
    else:
        fake, real = exact.Discrete([0, n**2], [1 - 1 / n, 1 / n]), exact.Discrete([0], [1])
    values = exact.kl(fake, real), exact.kl(real, fake), exact.js(fake, real), exact.tv(fake, real)
    return dict(zip(NAMES, (*values, exact.emd(fake, real)), strict=True))


@check
def which_go_to_zero(answer: Any, which: str) -> None:
    """Exercise 1: the distances that go to 0 along a sequence."""
    given = _names(answer)
    truth = {name for name, value in _distances(which, LARGE).items() if value < 1e-3}
    wrong, missing = given - truth, truth - given
    for name in NAMES:
        if name in wrong:
            raise Hint(f"{name} does not go to 0. {_why_not(which, name)}")
    for name in NAMES:
        if name in missing:
            raise Hint(f"one is missing. {_why(name)}")


def _names(answer: Any) -> set[str]:
    given = [answer] if isinstance(answer, str) else answer
    try:
        given = {str(name).upper().replace(" ", "") for name in given}
    except TypeError:
        raise Hint(f"{answer!r} is no list of names; give one, such as ['JS', 'EM'].") from None
    for name in sorted(given):
        if name == "KL":
            raise Hint("there are two: write 'KL(Q,P)' or 'KL(P,Q)'.")
        if name not in NAMES:
            raise Hint(f"{name!r} is none of {', '.join(NAMES)}.")
    return given


def _why_not(which: str, name: str) -> str:
    if name == "KL(Q,P)":
        return "Does Q_n have mass where P has none?"
    if name == "KL(P,Q)":
        return "Does P have mass where Q_n has none?"
    if name == "EM":
        return "How much mass travels, and how far? Multiply."
    return "How much of the mass lies at a place that the other law does not have?"


def _why(name: str) -> str:
    if name.startswith("KL"):
        return "Write down both KLs: where the first law has mass, what has the other?"
    if name == "EM":
        return "How much mass travels, and how far? Multiply."
    return "How much mass do the two laws not share?"


@check
def generator_step(function: Any) -> None:
    """Exercise 2: one step of gradient descent on EM for a generator that shifts."""
    rng = np.random.default_rng(0)
    theta, rate = np.array([1.5, -0.5]), 0.3
    z, data = rng.normal(size=(30, 2)), rng.normal(size=(20, 2))
    answer = call(function, theta.copy(), z.copy(), data.copy(), rate)
    if answer is None:
        raise Unanswered
    new = numbers(answer, 2)
    gradient = exact.wasserstein(data, z + theta).gradients()[1].sum(axis=0)
    truth = theta - rate * gradient
    if np.allclose(new, truth):
        return
    slips = (
        (
            theta + rate * gradient,
            "that goes uphill: descend. (Of the two gradients, the second "
            "is that of the fake points.)",
        ),
        (gradient, "that is the gradient. Return the new theta."),
        (rate * gradient, "that is the step. Return the new theta."),
        (-rate * gradient, "that is the step. Return the new theta."),
        (theta - gradient, "where is the rate?"),
        (
            theta - rate * gradient / len(z),
            "30 times too short: each point's gradient already "
            "carries its mass 1/m, so add them up.",
        ),
        (theta, "it does not move."),
    )
    for wrong, hint in slips:
        if np.allclose(new, wrong):
            raise Hint(hint)
    at_zero = theta - rate * exact.wasserstein(data, z).gradients()[1].sum(axis=0)
    if np.allclose(new, at_zero):
        raise Hint("that is the gradient at theta = 0: the fake points are z + theta.")
    if np.linalg.norm(new - truth) < 0.1 * np.linalg.norm(truth - theta):
        raise Hint(
            "nearly. If you asked the critic: at a point that two data points claim its gradient "
            "takes one side, where `gradients()` takes the plan's shares."
        )
    raise Hint(
        "the fake points are z + theta; each moves as theta does, so the gradient in theta is the "
        "sum of their gradients."
    )


def _slope(theta: float, sigma: float) -> float:
    h = 1e-3
    low, high = (exact.js(stats.norm(0), stats.norm((theta + s) / sigma)) for s in (-h, h))
    return (high - low) / (2 * h)


@check
def best_noise(answer: Any) -> None:
    """Exercise 3: the noise at which JS is steepest at theta = 2."""
    value = number(answer)
    if value <= 0:
        raise Hint("a width is positive.")
    sigmas = np.geomspace(0.5, 2, 141)  # 1 % apart
    slopes = np.array([_slope(2.0, s) for s in sigmas])
    best = sigmas[slopes.argmax()]
    if abs(value / best - 1) < 0.035:
        return
    ratio = np.linspace(1, 3, 81)
    steepest = ratio[np.argmax([_slope(r, 1.0) for r in ratio])]
    if abs(value - 2 / steepest) < 0.04:
        raise Hint(
            "for that sigma, 2 is the theta where JS is steepest. Here theta is fixed and sigma "
            "moves, and the slope also has the factor 1 / sigma."
        )
    if abs(value - 2 * steepest) < 0.1 or value > best:
        raise Hint("too much noise: print slope_of_noisy_js(2.0, sigma) for smaller ones, too.")
    raise Hint("too little noise: print slope_of_noisy_js(2.0, sigma) for larger ones, too.")


@check
def rates(function: Any) -> None:
    """Exercise 4: steps that bring every start in [-1, 1] to within 0.01 of 0."""
    lengths = [call(function, k) for k in range(200)]
    if all(length is None for length in lengths):
        raise Unanswered
    lengths = np.array([number(length) for length in lengths])
    if (lengths < 0).any():
        raise Hint("a negative rate goes uphill.")
    if lengths.sum() < 0.99:
        raise Hint(
            f"your 200 steps are together {lengths.sum():.2f} long: from 1 that does not arrive."
        )
    theta = starts = np.linspace(-1, 1, 2001)
    for length in lengths:
        theta = theta - length * np.sign(theta)
    worst = np.abs(theta).argmax()
    if np.abs(theta[worst]) < 0.01:
        return
    if lengths[-1] >= 0.01 and np.ptp(lengths[-10:]) < 1e-12:
        raise Hint(
            f"the last steps are all {lengths[-1]:.3g} long, so it ends by stepping over 0 and "
            "back. Let the steps shrink."
        )
    if lengths[-1] >= 0.01:
        raise Hint(
            f"the last step is still {lengths[-1]:.3g} long, and may step over 0 by as much: let "
            "the steps shrink faster."
        )
    raise Hint(
        f"from {starts[worst]:.3f} it ends at {theta[worst]:.3f}. The steps must shrink, but what "
        "is left of them must always be long enough to come back from an overshoot."
    )
