"""Checks of lesson 6."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from checks import Hint, Unanswered, call, check, number
from wganlab import exact, learned
from wganlab.learned.constraints.penalties import gradient_norms


@check
def proven_bound(answer: Any, gap: float, slope: float, lipschitz: float) -> None:
    """Exercise 1: gap / L."""
    value = number(answer)
    if np.isclose(value, gap / lipschitz, rtol=1e-3):
        return
    slips = (
        (gap / slope, "that is gap / slope. The slope was seen at some points, so it may be more."),
        (gap, "the gap alone proves no size: a steeper critic has a larger one."),
        (lipschitz / gap, "upside down: the steeper a critic may be, the less its gap proves."),
        (gap * lipschitz, "f / L has slope at most 1. What is the gap of f / L?"),
        (slope, "that is a slope. Which gap would the critic have if its slope were 1?"),
        (lipschitz, "that is a slope. Which gap would the critic have if its slope were 1?"),
        (0, "0 is a true lower bound, and these numbers prove a larger one."),
    )
    for wrong, hint in slips:
        if np.isclose(value, wrong, rtol=1e-3, atol=0):
            raise Hint(hint)
    raise Hint("make f a function of slope at most 1, for certain. What is its gap then?")


@check
def gap_over_slope(function: Any) -> None:
    """Exercise 2: a function of a network and two clouds."""
    cases = [_case(seed) for seed in range(4)]
    answers = [call(function, *case) for case in cases]
    if all(answer is None for answer in answers):
        raise Unanswered
    values = np.array([_float(answer) for answer in answers])
    truth = np.array([_numbers(*case)["right"] for case in cases])
    if np.allclose(values, truth, rtol=1e-3):
        return
    for name, hint in SLIPS.items():
        if np.allclose(values, [_numbers(*case)[name] for case in cases], rtol=1e-3):
            raise Hint(hint)
    if np.allclose(values, [45 * value for value in truth], rtol=1e-3):
        raise Hint("you differentiated the mean over the points, not the sum: take f(z).sum().")
    raise Hint(f"for one network it is {truth[0]:.4f}, not {values[0]:.4f}.")


SLIPS = {
    "sign": "the sign: the gap is mean f(real) - mean f(fake).",
    "gap": "that is the gap. Divide it by the slope.",
    "slope": "that is the slope. The gap is to be divided by it.",
    "inverse": "upside down: divide the gap by the slope.",
    "product": "the gap is divided by the slope, not multiplied.",
    "mean": "you took the mean of the norms. The slope is the largest of them.",
    "real": "you looked at the real points alone. It may be steeper at the fake ones.",
    "fake": "you looked at the fake points alone. It may be steeper at the real ones.",
    "coordinate": "that is the largest coordinate. A gradient's norm takes all of them.",
    "whole": "that is one norm of all gradients together. Take one for each point: norm(dim=1).",
}


def _case(seed: int) -> tuple[Any, torch.Tensor, torch.Tensor]:
    """A network and two clouds in 3 dimensions."""
    generator = torch.Generator().manual_seed(seed)
    network = learned.MLPConfig(width=16, depth=2, activation="tanh", init="he").build(3, generator)
    real = torch.randn(20, 3, generator=generator)
    fake = 1.5 * torch.randn(25, 3, generator=generator) + 1
    return network, real, fake


def _numbers(network: Any, real: torch.Tensor, fake: torch.Tensor) -> dict[str, float]:
    """The right quotient, and what the typical mistakes give."""
    with torch.no_grad():
        gap = float(network(real).mean() - network(fake).mean())
    points = torch.cat([real, fake]).requires_grad_()
    (gradient,) = torch.autograd.grad(network(points).sum(), points)
    real_norms, fake_norms = (gradient_norms(network, z).numpy() for z in (real, fake))
    norms = np.concatenate([real_norms, fake_norms])
    slope = norms.max()
    return {
        "right": gap / slope,
        "sign": -gap / slope,
        "gap": gap,
        "slope": slope,
        "inverse": slope / gap,
        "product": gap * slope,
        "mean": gap / norms.mean(),
        "real": gap / real_norms.max(),
        "fake": gap / fake_norms.max(),
        "coordinate": gap / float(gradient.abs().max()),
        "whole": gap / float(gradient.norm()),
    }


def _float(answer: Any) -> float:
    if answer is None:
        raise Hint("it returns None for some networks: every way through it needs its `return`.")
    if isinstance(answer, torch.Tensor):
        answer = answer.detach().numpy()
    if np.size(answer) > 1:
        raise Hint(f"it returns an array of shape {np.shape(answer)}; return one number.")
    try:
        return float(np.asarray(answer).reshape(()))
    except (TypeError, ValueError):
        raise Hint(f"it returns {answer!r}, which is not a number.") from None


@check
def penalized_gap(answer: Any, theta: float, weight: float) -> None:
    """Exercise 3: theta (1 + theta / (2 lambda))."""
    value, slope = number(answer), 1 + theta / (2 * weight)
    if np.isclose(value, theta * slope, rtol=1e-3):
        return
    slips = (
        (theta, "that is EM. With a penalty the gap is larger."),
        (slope, "that is the slope. The gap is theta times as large."),
        (theta * (1 + theta / weight), "where is the 2? Maximize theta s - lambda (s - 1)^2."),
        (theta + theta / (2 * weight), "the factor 1 + theta / (2 lambda) multiplies theta."),
        (
            theta * slope - weight * (slope - 1) ** 2,
            "that is what is maximized, with the penalty taken off. The gap alone is asked for.",
        ),
        (
            weight * (1 + weight / (2 * theta)),
            "you exchanged theta and lambda.",
        ),
        (
            weight * (np.sqrt(1 + 2 * theta / weight) - 1),
            "that takes the bias out of a gap. Here EM is given, and the gap is asked for.",
        ),
    )
    for wrong, hint in slips:
        if np.isclose(value, wrong, rtol=1e-3):
            raise Hint(hint)
    raise Hint("which slope s makes theta s - lambda (s - 1)^2 largest? The gap is theta s.")


@check
def hand_made_critic(function: Any, x: np.ndarray, y: np.ndarray, share: float) -> None:
    """Exercise 4: a function of points whose certificate is that share of EM."""
    answer = call(function, x.copy())
    if answer is None:
        raise Unanswered
    values = _values(answer, len(x))
    if np.allclose(values, values[0]):
        flat = exact.certificate(np.zeros(len(x)), x, y)
        raise Hint(f"a constant certifies {flat:.3f}, as f = 0 does. Where must f be large?")
    target = share * exact.emd(x, y)
    reached = exact.certificate(values, x, y)
    if reached >= target:
        return
    told = f"it certifies {reached:.3f}, and {target:.3f} is asked for."
    scales = np.geomspace(1e-4, 1e4, 161)
    best = max(scales, key=lambda scale: exact.certificate(scale * values, x, y))
    if exact.certificate(best * values, x, y) >= target:
        raise Hint(
            f"{told} Its direction is right, and it is too {'steep' if best < 1 else 'flat'}."
        )
    if max(exact.certificate(-scale * values, x, y) for scale in scales) >= target:
        raise Hint(f"{told} f must be large where the real points are: turn its sign.")
    raise Hint(f"{told} Which way must each fake point go? Along it, f should rise with slope 1.")


def _values(answer: Any, n: int) -> np.ndarray:
    """One finite number for each point."""
    if isinstance(answer, torch.Tensor):
        answer = answer.detach().numpy()
    try:
        values = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise Hint("it does not return numbers; return one for each point.") from None
    if values.shape not in ((n,), (n, 1)):
        raise Hint(f"for {n} points it returns shape {values.shape}; return {n} numbers.")
    if not np.isfinite(values).all():
        raise Hint("some of its values are not finite.")
    return values.ravel()
