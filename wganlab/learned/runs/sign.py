"""Estimates on the wrong side: a critic that rates generated points above real ones.

At its optimum a critic's gap is EM or nearly so, and never negative. The two-sided gradient penalty
has other optima too, where slopes are 1 downhill, and a run may stay in one of them: its estimate
is negative, and its generator is driven away. A gap of 0 is seldom measured as 0, so that what is
told apart from chance here is a gap below 0 by more than two standard errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Sequence

    from wganlab.learned.batch import Batch
    from wganlab.learned.runs.config import TrainConfig
    from wganlab.learned.runs.view import Row

ERRORS = 2.0  # standard errors


def wrong_sign(seen: Batch) -> bool:
    """Is the gap negative, by more than chance?

    Examples
    --------
    >>> import torch
    >>> from wganlab.learned.batch import Batch
    >>> low, high = torch.arange(100.0), torch.arange(100.0) + 20
    >>> points = torch.empty(0)
    >>> wrong_sign(Batch(points, points, low, high)), wrong_sign(Batch(points, points, high, low))
    (True, False)
    """
    real, fake = seen.f_real.double(), seen.f_fake.double()
    if min(len(real), len(fake)) < 2:
        return bool(real.mean() < fake.mean())
    error = (real.var() / len(real) + fake.var() / len(fake)).sqrt()
    return bool(real.mean() - fake.mean() < -ERRORS * error)


def remark(rows: Sequence[Row], config: TrainConfig) -> str:
    """What to know of a run whose estimate is on the wrong side in its later half; else nothing."""
    late = [row for row in rows if row["iteration"] >= rows[-1]["iteration"] / 2]
    wrong = [row for row in late if row.get("wrong_sign")]
    if not wrong:
        return ""
    last = wrong[-1]
    how = f"{len(wrong)} of its last {len(late)} rows" if len(late) > 1 else "its last row"
    return (
        f"wrong sign in {how} (estimate {last['estimate']:.3g} at iteration "
        f"{last['iteration']:,.0f}): the critic rates generated points above real ones, so its "
        f"estimate is no distance, and it drives the generator away. Believe exact EM; {_way(config)}"
    )


def _way(config: TrainConfig) -> str:
    if config.constraint in ("gp", "dragan", "ct"):
        return "train with --preset wgan-lp, whose one-sided penalty has no such optimum"
    return (
        f"give the critic more steps (--n-critic {2 * config.n_critic}) or a higher learning rate "
        "than the generator"
    )
