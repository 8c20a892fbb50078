"""Checks of lesson 12."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from checks import Hint, Unanswered, call, check, number, shown
from wganlab import exact, learned

SHARE = 0.8  # of EM
SLACK = 1.001  # for float32


@check
def certified_critic(kind: Any) -> None:
    """Exercise 1: a class of modules, 1-Lipschitz for any weights, that sees mass come together."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        critic = _made(kind)
        _try_values(critic)
        _try_slopes(kind)
        x, y = _swapped_flowers()
        target = exact.emd(x, y)
        reached = max(_fitted(kind, x, y, seed) for seed in range(2))
        convex = _convex(critic)
    if reached >= SHARE * target:
        return
    told = f"its slope is fine, and it reaches {reached / target:.0%} of EM; 80 % is asked for."
    if convex:
        raise Hint(
            f"{told} It is convex, as a largest of planes, so it cannot fall to the outside. Which "
            "other operation keeps the slope at most 1?"
        )
    raise Hint(f"{told} Does it use all of its weights? Is its slope 1 somewhere, or much less?")


def _made(kind: Any) -> nn.Module:
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        raise Hint(f"{shown(kind)} is not a class of modules; write `class MyCritic(nn.Module)`.")
    critic = call(kind)
    if not any(weights.requires_grad for weights in critic.parameters()):
        raise Hint("it has no weights, so there is nothing to fit: make them nn.Parameter.")
    return critic


def _try_values(critic: nn.Module) -> None:
    """One finite number for each point, which depends on the point alone."""
    points = torch.randn(7, 2)
    values = call(critic, points)
    if values is None:
        raise Unanswered
    if not isinstance(values, torch.Tensor) or values.shape not in ((7,), (7, 1)):
        shape = tuple(values.shape) if isinstance(values, torch.Tensor) else type(values).__name__
        raise Hint(f"for 7 points it returns {shape}; return a tensor of 7 values.")
    if not values.isfinite().all():
        raise Hint("some of its values are not finite.")
    if not values.requires_grad:
        raise Hint("its values do not depend on its weights: no gradient reaches them.")
    alone = call(critic, points[:1])
    if not torch.allclose(alone.reshape(-1), values[:1].reshape(-1), atol=1e-5):
        raise Hint("the value at a point depends on the other points. Which axis do you reduce?")


def _try_slopes(kind: Any) -> None:
    """Many weights, many pairs of points: no pair may be steeper than 1."""
    for scale in (1.0, 5.0, 0.2):
        for _ in range(5):
            critic = kind()
            with torch.no_grad():
                for weights in critic.parameters():
                    weights.copy_(scale * torch.randn_like(weights))
                steepest = _steepest(critic)
            if steepest > SLACK:
                raise Hint(
                    f"with some weights its slope is {steepest:.2f}. What has length 1 in a plane "
                    "of slope 1? And which axis is that of the coordinates?"
                )


def _steepest(critic: nn.Module, n: int = 2000) -> float:
    """The largest slope between near points; of float64, where their difference is exact."""
    critic = critic.double()
    start = 3 * torch.randn(n, 2, dtype=torch.float64)
    step = 1e-3 * nn.functional.normalize(torch.randn(n, 2, dtype=torch.float64), dim=1)
    try:
        rise = critic(start + step).reshape(n) - critic(start).reshape(n)
    except Exception as error:
        raise Hint(f"for points in float64 it stops with {type(error).__name__}.") from error
    return float(rise.abs().max() / 1e-3)


def _convex(critic: nn.Module) -> bool:
    """Is it below its chords wherever we look?"""
    critic = critic.double()
    first, second = 3 * torch.randn(2, 2000, 2, dtype=torch.float64)
    with torch.no_grad():
        ends = (critic(first).reshape(-1) + critic(second).reshape(-1)) / 2
        middle = critic((first + second) / 2).reshape(-1)
    return bool((middle - ends).max() < 1e-9)


def _fitted(kind: Any, x: np.ndarray, y: np.ndarray, seed: int) -> float:
    """The gap of a critic of that class, fitted without a constraint."""
    torch.manual_seed(seed)
    try:
        fitted = learned.fit_critic(
            x,
            y,
            critic=kind(),
            constraint=learned.NoConstraint(),
            optimizer=learned.Optimizer(lr=2e-2, schedule="cosine"),
            steps=200,
            batch=0,
            records=1,
            device="cpu",
            progress=False,
        )
    except Exception as error:
        raise Hint(f"it cannot be fitted: {error}") from error
    return fitted.final.gap


def _swapped_flowers(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """The lesson's swapped pair: half of a flower against the whole."""
    clouds = []
    for scale, seed in ((0.5, 0), (1.0, 1)):
        angle, level = np.random.default_rng(seed).uniform(size=(2, n))
        angle = 2 * np.pi * angle
        radius = scale * np.sqrt(level) * (1 + 0.4 * np.cos(5 * angle))
        clouds.append(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]))
    return clouds[0], clouds[1]


@check
def ring_sampler(function: Any) -> None:
    """Exercise 2: points uniform on the ring, from the generator alone."""
    n = 4000
    before = torch.random.get_rng_state()
    first, again, other = (_draw(function, n, seed) for seed in (0, 0, 1))
    touched = not torch.equal(before, torch.random.get_rng_state())
    torch.random.set_rng_state(before)
    if first is None:
        raise Unanswered
    points = _ring_points(first, n)
    if not torch.equal(torch.as_tensor(again), points):
        raise Hint("equal seeds give other points: pass `generator=generator` to every draw.")
    if touched:
        raise Hint("it also draws from torch's global generator: pass `generator=generator`.")
    if torch.equal(torch.as_tensor(other), points):
        raise Hint("another seed gives the same points: do not seed inside.")
    if len(_ring_points(_draw(function, 5, 0), 5)) != 5:
        raise Hint("it must return as many points as it is asked for.")
    _try_ring(points.double().numpy())


def _draw(function: Any, n: int, seed: int) -> Any:
    """Points by a generator of that seed, which `call` would copy."""
    return call(lambda: function(n, torch.Generator().manual_seed(seed)))


def _ring_points(points: Any, n: int) -> torch.Tensor:
    if not isinstance(points, torch.Tensor):
        raise Hint(f"it returns a {type(points).__name__}; return a torch tensor.")
    if points.shape != (n, 2):
        raise Hint(f"asked for {n} points it returns shape {tuple(points.shape)}, not ({n}, 2).")
    if points.dtype != torch.float32:
        raise Hint(f"it returns {points.dtype}; networks take torch.float32.")
    if not points.isfinite().all():
        raise Hint("some of the points are not finite.")
    return points


def _try_ring(points: np.ndarray) -> None:
    """Whether the points are uniform on the area of the ring."""
    radius = np.linalg.norm(points, axis=1)
    if radius.min() < 1 - 1e-3 or radius.max() > 2 + 1e-3:
        raise Hint(
            f"radii run from {radius.min():.2f} to {radius.max():.2f}; they must lie in [1, 2]."
        )
    levels = (np.arange(4000) + 0.5) / 4000
    if exact.emd(radius, 1 + levels) < 0.015:
        raise Hint(
            "radii are uniform, so the inner circles are too crowded. The area inside radius r "
            "grows like r squared."
        )
    if exact.emd(radius, np.sqrt(1 + 3 * levels)) > 0.02:
        raise Hint(
            "the radii have another law. What share of the ring's area lies inside radius r?"
        )
    turns = np.mod(np.arctan2(points[:, 1], points[:, 0]) / (2 * np.pi), 1)
    if exact.emd(turns, levels) > 0.02:
        raise Hint("the angles are not uniform over the whole circle.")
    halves = [exact.emd(turns[part], levels) for part in (radius < 1.5, radius >= 1.5)]
    if max(halves) > 0.04:
        raise Hint("angle and radius depend on each other: draw them from separate numbers.")


@check
def p_value(function: Any) -> None:
    """Exercise 3: (1 + number at least as large) / (1 + number)."""
    cases = [_case(seed) for seed in range(5)]
    answers = [call(function, *case) for case in cases]
    if all(answer is None for answer in answers):
        raise Unanswered
    if any(answer is None for answer in answers):
        raise Hint("it returns None for some values: every way through it needs its `return`.")
    told = np.array([number(np.asarray(answer).squeeze()) for answer in answers])
    if np.allclose(told, [_p_values(*case)["right"] for case in cases]):
        return
    for name, hint in P_SLIPS.items():
        if np.allclose(told, [_p_values(*case)[name] for case in cases]):
            raise Hint(hint)
    true, shuffled = cases[0]
    right = _p_values(true, shuffled)["right"]
    raise Hint(
        f"with true = {true:g} and shuffled = {[float(s) for s in shuffled]} it is {right:.3f}, "
        f"not {told[0]:.3f}."
    )


P_SLIPS = {
    "without": "the data itself is one of the cuts: count it above and below. Else p can be 0.",
    "above": "count the data itself above the line, too: it is as large as itself.",
    "below": "the data is one of the cuts: the number below the line is one more.",
    "strict": "equal values count as well: at least the true one, not more than it.",
    "strict without": "equal values count as well, and the data itself is one of the cuts.",
    "other side": "large values speak against one law: count those that are at least the true one.",
    "complement": "that is 1 - p: count those that are at least the true one.",
    "count": "that is a number of cuts. Divide it by the number of all cuts.",
}


def _case(seed: int) -> tuple[float, np.ndarray]:
    """A true value among shuffled ones, some of them equal to it."""
    rng = np.random.default_rng(seed)
    shuffled = rng.integers(0, 8, size=9 + 4 * seed).astype(float)
    shuffled[:2] = 5
    return 5.0, shuffled


def _p_values(true: float, shuffled: np.ndarray) -> dict[str, float]:
    """The right one, and what the typical mistakes give."""
    large, larger, n = np.sum(shuffled >= true), np.sum(shuffled > true), len(shuffled)
    return {
        "right": (1 + large) / (1 + n),
        "without": large / n,
        "above": large / (1 + n),
        "below": (1 + large) / n,
        "strict": (1 + larger) / (1 + n),
        "strict without": larger / n,
        "other side": (1 + np.sum(shuffled <= true)) / (1 + n),
        "complement": 1 - (1 + large) / (1 + n),
        "count": 1 + large,
    }


UNSUPPORTED = {
    "b": "each critic has a unit of its own: their gaps do not compare, and neither is a distance.",
    "d": "certificates are about the points given. Two samples of one *law* have an EM of 13.5.",
    "e": "2.6 is the largest slope that was *seen*. Proven is nothing: L is inf.",
    "f": "f = 0 certifies 12.6 of the 14.3 already. What has A's critic added?",
    "h": "one seed each. What would another seed have given?",
}
SUPPORTED = {
    "a": "13.5 is the sampling floor: what 500 real images have to 500 others.",
    "c": "a certificate is at most EM of the points for any function, without any trust in it.",
    "g": "0.09 against 0.31, and KID's floor is 0: of this classifier's features it is true.",
}


@check
def flawed_report(answer: Any) -> None:
    """Exercise 4: the letters of the claims that the numbers do not support."""
    if isinstance(answer, str):
        answer = set(answer.replace(",", " ").replace(" ", ""))
    if not isinstance(answer, (set, frozenset, list, tuple)):
        raise Hint(f'{shown(answer)} is not a set of letters; give one, such as {{"a", "b"}}.')
    letters = {str(letter).strip(" ()").lower() for letter in answer}
    for letter in sorted(letters - set(UNSUPPORTED) - set(SUPPORTED)):
        raise Hint(f"there is no claim {letter!r}: give letters from a to h.")
    for letter in sorted(letters & set(SUPPORTED)):
        raise Hint(f"({letter}) is supported: {SUPPORTED[letter]}")
    missing = sorted(set(UNSUPPORTED) - letters)
    if missing:
        more = f" ({len(missing)} are missing in all.)" if len(missing) > 1 else ""
        raise Hint(f"look again at ({missing[0]}): {UNSUPPORTED[missing[0]]}{more}")
