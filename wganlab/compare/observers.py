"""The truth beside a training run: observers for `learned.train`, with exact distances.

Each maps a `View` of the run to numbers for its row of metrics. Its points are samples, so
between two samples of one law EM is not 0 but its sampling floor, which `sampling_floor` gives:
what a perfect generator would reach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from wganlab import exact

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from wganlab.data.toys import Toy
    from wganlab.learned.view import View

    Row = dict[str, float]

NEAR = 4.0  # standard deviations from a mode that count as of high quality


def observers(n: int = 1000) -> list[Callable[[View], Row]]:
    """The usual ones: `earth_mover` on n points of each law, and `coverage`.

    Parameters
    ----------
    n : int
        Real and generated points of the linear program, at most 1,000.
    """

    def truth(view: View) -> Row:
        return earth_mover(view, n)

    return [truth, coverage]


def earth_mover(view: View, n: int = 1000) -> Row:
    """Exact EM between real and generated points, and what the critic proves of it.

    Returns
    -------
    dict
        `emd` to points that no step has seen; `certificate`, what the critic's values there prove:
        at most `emd`, whatever the critic is; nothing where there is no critic. Where the training
        points are fixed, `train_emd` to them.
    """
    real, fake = _array(view.held_out[:n]), _array(view.fake[:n])
    row = {"emd": exact.emd(real, fake)}
    if view.critic is not None:
        f_real = _array(view.f(view.held_out[:n]))
        row["certificate"] = exact.certificate(f_real, real, fake)
    if view.config.points:
        row["train_emd"] = exact.emd(_array(view.real[:n]), fake)
    return row


def coverage(view: View) -> Row:
    """Modes that were found, and how many points are near one; nothing for laws without modes.

    Returns
    -------
    dict
        `modes`: those that are the nearest one of at least a tenth of their share of the points
        near a mode. `quality`: share of points within 4 standard deviations of a mode.
    """
    if view.law.modes is None or view.law.spread is None:
        return {}
    modes, fake = view.law.modes.double(), view.fake.double().cpu()
    distances = torch.cdist(fake, modes)  # (n, k)
    near = distances.min(dim=1)
    good = near.values < NEAR * view.law.spread
    counts = torch.bincount(near.indices[good], minlength=len(modes))
    return {
        "modes": int((counts >= 0.1 * len(fake) / len(modes)).sum()),
        "quality": good.double().mean().item(),
    }


def sampling_floor(law: Toy, n: int = 1000, seed: int = 0) -> float:
    """EM between two samples of n points of one law: what no generator can be expected to beat."""
    generator = torch.Generator().manual_seed(seed)
    return exact.emd(*(_array(law.sample(n, generator)) for _ in range(2)))


def _array(points: torch.Tensor) -> NDArray[np.float64]:
    return points.detach().double().cpu().numpy()
