"""Checks of lesson 8."""

from __future__ import annotations

from typing import Any

import numpy as np

from checks import Hint, Unanswered, call, check, number, shown
from wganlab import compare, learned
from wganlab.learned import MLPConfig, TrainConfig

EVERY, FIRST, MANY, FEW = 500, 25, 100, 5


@check
def critic_updates(answer: Any, iterations: int) -> None:
    """Exercise 1: the phases of the authors' code."""
    value = number(answer)
    many = {i for i in range(iterations) if i < FIRST or i % EVERY == 0}
    right = MANY * len(many) + FEW * (iterations - len(many))
    if value == right:
        return
    later = len(many) - FIRST
    slips = (
        (FEW * iterations, "that is without the phases."),
        (
            MANY * FIRST + FEW * (iterations - FIRST),
            "you left out the iterations divisible by 500.",
        ),
        (
            right + MANY - FEW,
            "iteration 0 is divisible by 500, too, but it is among the first 25 already.",
        ),
        (MANY * len(many) + FEW * iterations, "in an iteration of 100 there are no 5 more."),
        (MANY * len(many), "those are the long iterations alone. The others have 5 steps each."),
        (
            right - later * (MANY - FEW) + (later - 1) * (MANY - FEW),
            "which iterations after the first 25 are divisible by 500? Do not forget the last.",
        ),
        (right + iterations, "only updates of the critic are asked for."),
    )
    for wrong, hint in slips:
        if value == wrong:
            raise Hint(hint)
    raise Hint("how many iterations have 100 steps? All others have 5.")


@check
def wrong_way(answer: Any, beta: float) -> None:
    """Exercise 2: steps until 2 beta^k - 1 is no longer positive."""
    value = number(answer)
    right = int(np.floor(np.log(0.5) / np.log(beta)))  # the last k with beta^k > 1/2
    if value == right:
        return
    if value == right + 1:
        raise Hint("that is the first step the right way. How many came before it?")
    if np.isclose(value, np.log(0.5) / np.log(beta), atol=0.01):
        raise Hint("a number of steps is whole: m is positive after how many of them?")
    if np.isclose(value, 1 / (1 - beta)):
        raise Hint("1 / (1 - beta) is how far back m looks. When does it change its sign?")
    if value == 0:
        raise Hint("m is still near 1 when the gradient turns: it takes some steps to lose that.")
    raise Hint("m is 1 at the turn; after k further steps it is beta^k - (1 - beta^k).")


STATEMENTS = [True, False, False, False, True]
WHY = [
    "1: what does a certificate prove about the points it was computed on?",
    "2: is the gap of a penalized critic an upper bound of EM? And if it is badly trained?",
    "3: EM of the points is above 0 for two samples of one law, too: about the floor, 0.09.",
    "4: can gaps of two critics be compared?",
    "5: the certificate is a lower bound of EM for any function. Is there a best one?",
]


@check
def statements(answer: Any) -> None:
    """Exercise 3: what follows from a row of a log."""
    try:
        told = list(answer)
    except TypeError:
        raise Hint(f"{shown(answer)} is no list; give five of True and False.") from None
    if len(told) != len(STATEMENTS) or not all(isinstance(one, bool | np.bool_) for one in told):
        raise Hint("give a list of five, each True or False.")
    wrong = [why for one, truth, why in zip(told, STATEMENTS, WHY, strict=True) if one != truth]
    if wrong:
        raise Hint(f"{len(wrong)} of 5 should be the other way. Think about {wrong[0]}")


@check
def budget(function: Any, updates: int, target: float) -> None:
    """Exercise 4: a configuration within a budget, which is trained."""
    config = call(function)
    if config is None:
        raise Unanswered
    if not isinstance(config, TrainConfig):
        raise Hint(f"it returns {shown(config)}; return a TrainConfig.")
    refuse(config, updates)
    try:
        run = learned.train(config, observers=compare.observers(300), progress=False, device="cpu")
    except learned.RunDivergedError:
        raise Hint("the run diverged: a loss was no longer finite. Try a lower rate.") from None
    emd = run.history[-1]["emd"]
    if not emd < target:
        raise Hint(
            f"EM ends at {emd:.2f}, and below {target:g} is asked for. Which part of the updates "
            "moves the generator? Look at n_critic, the rates, the optimizer, the schedule."
        )


def refuse(config: TrainConfig, updates: int) -> None:
    """Hint where the configuration is not within the rules."""
    if config.data != "8gaussians":
        raise Hint(f"train on 8gaussians, not on {config.data}.")
    if config.objective != "wasserstein":
        raise Hint(f"the objective is to be wasserstein, not {config.objective}.")
    if config.batch > 64:
        raise Hint(f"batches of at most 64 points; these have {config.batch}.")
    for network in (config.critic, config.generator):
        if not isinstance(network, MLPConfig) or network.width > 64 or network.depth > 3:
            raise Hint("networks of at most 3 hidden layers of 64 units.")
    spent = config.warm_up + config.iterations
    spent += sum(config.critic_steps(i) for i in range(config.iterations))
    if spent > updates:
        raise Hint(
            f"it takes {spent:,} updates, and {updates} are allowed: n_critic + 1 in every "
            "iteration, and the warm-up."
        )
