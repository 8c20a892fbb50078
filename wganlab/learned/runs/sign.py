"""Estimates on the wrong side: a critic that rates generated points above real ones.

At its optimum a critic's gap is EM or nearly so, and never negative. The two-sided gradient penalty
has other optima too, where slopes are 1 downhill, and a run may stay in one of them: its estimate
is negative, and its generator is driven away. Where the players have met, gaps of any critic swing
about 0, so that what counts is a gap below 0 by more than two standard errors: those of the means
of the critic, or of a function of slope 1 if they are larger and it is to be one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wganlab.learned.batch import Batch
    from wganlab.learned.runs.config import TrainConfig
    from wganlab.learned.runs.view import Row

ERRORS = 2.0  # standard errors
STEEP = ("clip", "none")  # constraints under which slopes are far from 1


def wrong_sign(seen: Batch, *, of_slope_one: bool = True) -> bool:
    """Is the gap negative, by more than chance?

    Examples
    --------
    >>> import torch
    >>> from wganlab.learned.batch import Batch
    >>> low, high = torch.arange(100.0), torch.arange(100.0) + 20
    >>> points = torch.arange(100.0)[:, None]
    >>> wrong_sign(Batch(points, points, low, high)), wrong_sign(Batch(points, points, high, low))
    (True, False)
    """
    variances = []
    for points, values in ((seen.real, seen.f_real), (seen.fake, seen.f_fake)):
        variance = values.double().var(correction=0)
        if of_slope_one:
            spread = points.flatten(1).double().var(dim=0, correction=0).sum()
            variance = torch.maximum(variance, spread)
        variances.append(variance / len(values))
    gap = seen.f_real.double().mean() - seen.f_fake.double().mean()
    return bool(gap < -ERRORS * (variances[0] + variances[1]).sqrt())


def remark(rows: Sequence[Row], config: TrainConfig) -> str:
    """What to know of a run whose estimate ends on the wrong side; nothing where it does not.

    It ends there where the last row has it, or at least half of those in the later half.
    """
    if not rows:
        return ""
    late = [row for row in rows if row["iteration"] >= rows[-1]["iteration"] / 2]
    wrong = [row for row in late if row.get("wrong_sign")]
    if not rows[-1].get("wrong_sign") and (not wrong or 2 * len(wrong) < len(late)):
        return ""
    last = wrong[-1]
    where = f"estimate {last['estimate']:.3g} at iteration {last['iteration']:,.0f}"
    how = f"{len(wrong)} of its last {len(late)} rows" if len(late) > 1 else "its last row"
    return (
        f"wrong sign in {how} ({where}): the critic rates generated points above real ones, so "
        "its estimate is no distance, and it drives the generator away. Believe exact EM; "
        f"{_way(config)}"
    )


def _way(config: TrainConfig) -> str:
    if config.constraint in ("gp", "dragan", "ct"):
        return "train with --preset wgan-lp, whose one-sided penalty has no such optimum"
    return (
        f"give the critic more steps (--n-critic {2 * config.n_critic}) or a higher learning rate "
        "than the generator"
    )
