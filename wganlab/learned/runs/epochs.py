"""Epochs: after how many iterations have so many passes' worth of real points been drawn?

An epoch of N points is N points drawn, by the steps of the critic, warm-up included; without a
critic by those of the generator. Rows are drawn with replacement, so that an epoch is a count, and
not a pass in which every row comes once. The last iteration is the first after which there are
enough, found in whole numbers, without rounding.
"""

from __future__ import annotations

import bisect
import math
from fractions import Fraction
from typing import Any, TypeAlias

from wganlab.data import checks

TrainConfig: TypeAlias = Any  # of `config`, which asks for these


def points_of(config: TrainConfig) -> int:
    """How many real points there are to train on: images, rows of a file, or `points`.

    Raises
    ------
    ValueError
        If new ones are drawn in every step.
    """
    if config.points:
        return config.points
    law = config.law()
    rows = getattr(law, "rows", None)
    if rows is not None and not getattr(law, "endless", False):
        return len(rows)
    if getattr(law, "name", "") == "points":
        return int(law.parameters["n"])
    raise ValueError(
        f"epochs: there is no end of data = {config.data!r}, whose points are new in every step: "
        "give iterations, or points, to draw so many once"
    )


def drawn_before(config: TrainConfig, iteration: int) -> int:
    """Batches of real points that are drawn before that iteration, counted from 0."""
    if config.critic_free:
        return iteration
    steps = config.warm_up + config.n_critic * iteration
    if config.phases == "original":
        long = min(iteration, 25) + max(0, (iteration - 1) // 500)  # those of 100 steps
        steps += (100 - config.n_critic) * long
    return steps


def iterations_of(config: TrainConfig, epochs: float) -> int:
    """The least number of iterations, at least 1, in which so many epochs are drawn.

    Raises
    ------
    ValueError
        If `epochs` is no number above 0, the data has no end, or they are too many.
    """
    checks.positive(epochs=epochs)
    n = points_of(config)
    batches = math.ceil(Fraction(epochs) * n / config.batch)
    if drawn_before(config, checks.MOST) < batches:
        raise ValueError(
            f"epochs = {epochs:g} of {n:,} points are more than {checks.MOST:,} iterations: give "
            "fewer"
        )
    every = range(checks.MOST + 1)
    return max(1, bisect.bisect_left(every, batches, key=lambda k: drawn_before(config, k)))
