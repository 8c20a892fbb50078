"""Checks of lesson 9."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from checks import Hint, Unanswered, call, check, number, numbers, shown
from wganlab.learned import PRESETS, MLPConfig, Optimizer, TrainConfig


@check
def best_outputs(answer: Any, ratio: float) -> None:
    """Exercise 1: what the best discriminators return where p = ratio q."""
    values = numbers(answer, 4)
    least = (ratio - 1) / (ratio + 1)
    right = {
        "the GAN's D": ratio / (1 + ratio),
        "least squares": least,
        "the hinge": np.sign(ratio - 1),
        "f-Pearson": 2 * (ratio - 1),
    }
    slips = {
        "the GAN's D": (
            (np.log(ratio), "that is the logit, log(p / q). D is its sigmoid."),
            (1 / (1 + ratio), "D is the share of the reals, and here they are the fewer."),
            (ratio, "that is p / q. D is p / (p + q)."),
        ),
        "least squares": (
            (-least, "the sign: v is below 0 where fakes are denser."),
            (ratio / (1 + ratio), "that is the best value for labels 1 and 0. Here: 1 and -1."),
            (ratio - 1, "divide by p + q, not by q."),
        ),
        "the hinge": (
            (-np.sign(ratio - 1), "the sign: v is below 0 where fakes are denser."),
            (least, "that is least squares. The hinge earns most at a corner of its pieces."),
            (0, "at v = 0 the derivative is p - q, which is not 0: go on to the next corner."),
        ),
        "f-Pearson": (
            (-2 * (ratio - 1), "the sign: v is below 0 where fakes are denser."),
            (ratio - 1, "where is the 2? Set p - q (v / 2 + 1) to 0."),
            (2 * (1 / ratio - 1), "you exchanged p and q."),
            (2 * ratio, "set p - q (v / 2 + 1) to 0: the 1 is missing."),
        ),
    }
    for value, (name, truth) in zip(values, right.items(), strict=True):
        if np.isclose(value, truth, atol=2e-3):
            continue
        for wrong, hint in slips[name]:
            if np.isclose(value, wrong, atol=2e-3):
                raise Hint(f"{name}: {hint}")
        raise Hint(f"{name}: not {value:g}. Take p = {ratio:g}, q = 1, and try values of v.")


@check
def kl_bound(function: Any) -> None:
    """Exercise 2: Donsker and Varadhan's bound."""
    rng = np.random.default_rng(0)
    cases = [
        (rng.normal(shift, 1, 40), rng.normal(0, scale, 60))
        for shift, scale in ((1, 1), (-2, 0.5), (3, 1.5), (0, 1))
    ]
    answers = [call(function, *case) for case in cases]
    if all(answer is None for answer in answers):
        raise Unanswered
    values = np.array([_one(answer) for answer in answers])
    if np.allclose(values, [_bound(*case) for case in cases], rtol=1e-6):
        return
    for hint, slip in BOUND_SLIPS.items():
        with np.errstate(all="ignore"):
            wrong = np.array([slip(*case) for case in cases])
        if np.allclose(values, wrong, rtol=1e-6):
            raise Hint(hint)
    if np.allclose([_one(call(function, r + 5, f + 5)) for r, f in cases], values):
        raise Hint(
            f"no constant changes it, but for one case it is {_bound(*cases[0]):.4f}, "
            f"not {values[0]:.4f}."
        )
    raise Hint(
        "a constant added to v still changes it. Set the derivative with respect to c of "
        "E_P v + c - e^c E_Q e^(v - 1) to 0, and put that c in."
    )


def _bound(v_real: Any, v_fake: Any) -> float:
    return float(np.mean(v_real) - np.log(np.mean(np.exp(v_fake))))


BOUND_SLIPS = {
    "that is the f-GAN's own bound, with c = 0. Which c is best?": lambda r, f: (
        r.mean() - np.exp(f - 1).mean()
    ),
    "you took the mean of logarithms, where the logarithm of the mean is needed.": lambda r, f: (
        r.mean() - f.mean()
    ),
    "you exchanged real and fake: P is the real law.": lambda r, f: (
        f.mean() - np.log(np.exp(r).mean())
    ),
    "the sign is turned.": lambda r, f: np.log(np.exp(f).mean()) - r.mean(),
    "E_Q is a mean over the fakes, not a sum.": lambda r, f: r.mean() - np.log(np.exp(f).sum()),
    "put the best c into both places: e^c E_Q e^(v - 1) becomes 1, and takes 1 away.": (
        lambda r, f: r.mean() - np.log(np.exp(f - 1).mean())
    ),
    "1 too small: log E_Q e^(v - 1) is log E_Q e^v - 1, and that 1 goes with the other.": (
        lambda r, f: r.mean() - np.log(np.exp(f).mean()) - 1
    ),
    "that is the best c itself. Put it into the bound.": lambda r, f: -np.log(np.exp(f - 1).mean()),
}


@check
def misled(function: Any) -> None:
    """Exercise 3: the share of pairs in which the second beats the first."""
    cases = [([8, 8, 6, 7, 8], [8, 5, 7, 6]), ([3, 1], [2, 0, 2]), ([8, 8], [8, 8, 8])]
    answers = [call(function, *(np.array(runs) for runs in case)) for case in cases]
    if all(answer is None for answer in answers):
        raise Unanswered
    values = np.array([_one(answer) for answer in answers])
    wins = [np.subtract.outer(second, first) for first, second in cases]  # (m, n)
    if np.allclose(values, [(win > 0).mean() for win in wins]):
        return
    slips = (
        ([(win >= 0).mean() for win in wins], "ties are no win: strictly better."),
        ([(win < 0).mean() for win in wins], "that is how often the first wins."),
        ([(win > 0).sum() for win in wins], "that is a number of pairs. Divide by all of them."),
        ([(win > 0).mean() + (win == 0).mean() / 2 for win in wins], "ties do not count at all."),
    )
    for wrong, hint in slips:
        if np.allclose(values, wrong):
            raise Hint(hint)
    raise Hint(
        f"for {cases[1][0]} and {cases[1][1]} it is 1/3: of the 6 pairs, those of 1 and 2 are two."
    )


def patients() -> dict[str, TrainConfig]:
    """Exercise 4: what is to be judged by its curves alone."""
    network = MLPConfig(width=64, depth=3, init="he")
    small: dict[str, Any] = {"critic": network, "generator": network, "batch": 64, "warm_up": 0}
    small |= {"data": "8gaussians:std=0.05", "iterations": 150}
    fast = {"critic_optimizer": Optimizer(lr=1e-3), "generator_optimizer": Optimizer(lr=1e-3)}
    fling = Optimizer("rmsprop", 0.05)
    high = {"critic_optimizer": fling, "generator_optimizer": fling}
    far = {"data": "gaussian:mean=(0,-10),std=0.5", "warm_up": 500, "n_critic": 5}
    far |= {"iterations": 80, **fast, "generator_optimizer": Optimizer("sgd", 1e-3)}
    made = {
        "A": ("wgan-lp", fast | {"constraint": "none", "seed": 3}),
        "B": ("wgan-lp", fast | {"seed": 4}),
        "C": ("gan-minimax", far | {"seed": 4}),
        "D": ("wgan", high | {"seed": 4}),
    }
    return {
        name: replace(PRESETS[preset], **(small | changes))
        for name, (preset, changes) in made.items()
    }


ILLNESSES = {
    "A": "no constraint",
    "B": "healthy",
    "C": "too good a teacher",
    "D": "too high a rate",
}
KNOWN = ("too good a teacher", "no constraint", "too high a rate")
KNOWN += ("momentum", "a critic that lags", "healthy")
SIGNS = {
    "A": "look at the scale of its estimate beside that of EM, and at the way its gradient goes.",
    "B": "is there anything that gets worse? Look at EM, too.",
    "C": "at which value does its estimate stand still? And how large is its gradient?",
    "D": "what is its gradient at the end, and what its estimate? What has come before?",
}


@check
def diagnosis(answer: Any) -> None:
    """Exercise 4: a name for each patient."""
    if not isinstance(answer, dict):
        raise Hint(f"{shown(answer)} is no dict; give one such as {{'A': 'momentum', ...}}.")
    for name, truth in ILLNESSES.items():
        if name not in answer:
            raise Hint(f"patient {name} has no diagnosis yet.")
        told = answer[name]
        if told not in KNOWN:
            raise Hint(f"{shown(told)} is none of the six words of ILLS.")
        if told != truth:
            raise Hint(f"patient {name}: {SIGNS[name]}")


def _one(answer: Any) -> float:
    if answer is None:
        raise Hint("it returns None for some input: every way through it needs its `return`.")
    if np.size(answer) != 1:
        raise Hint(f"it returns an array of shape {np.shape(answer)}; return one number.")
    try:
        answer = np.asarray(answer, dtype=float).reshape(())
    except (TypeError, ValueError):
        raise Hint(f"it returns {shown(answer)}, which is not a number.") from None
    return number(answer)
