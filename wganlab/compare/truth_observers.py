"""The truth beside a training run: observers for `learned.train`, with exact distances.

Each maps a `View` of the run to numbers for its row of metrics. Its points are samples, so
between two samples of one law EM is not 0 but its sampling floor, which `sampling_floor` gives:
what a perfect generator would reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from wganlab import exact
from wganlab.compare.attributes import attributes_for
from wganlab.compare.classifier_cache import classifier_for
from wganlab.compare.features import feature_observer
from wganlab.data.image_laws import ImageLaw
from wganlab.data.set_laws import SetLaw

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from wganlab.compare.features import Features
    from wganlab.data.toys import Toy
    from wganlab.learned.runs.config import TrainConfig
    from wganlab.learned.runs.view import Row, View

NEAR = 4.0  # standard deviations from a mode that count as of high quality


def observers(n: int = 1000) -> list[Callable[[View], Row]]:
    """The usual ones: `earth_mover` on n points of each law, and `coverage`.

    Parameters
    ----------
    n : int
        Real and generated points of the linear program, at most 1,000.
    """

    return [Truth(n), coverage]


def image_observers(
    config: TrainConfig, n: int = 1000, *, features: Features | None = None
) -> list[Callable[[View], Row]]:
    """Those of images: `earth_mover` on n of each, and `feature_observer`; of faces in color
    `attribute_observer` in its place.

    Parameters
    ----------
    config : TrainConfig
        Of the run. The classifier is that of its set (`compare.classifier_for`), which the first
        use trains; of a set with a single class there is none.
    n : int
        Real and generated images, at most 4,096, and no more than are held out.
    features : callable, (n, c, h, w) to (n, k), optional
        For KID, in place of the classifier's.
    """
    law, classifier = config.law(), None
    attributes = attributes_for(law)
    if attributes is not None:
        more = [feature_observer(features=features)] if features is not None else []
        return [Truth(n), attributes, *more]
    if isinstance(law, ImageLaw) and len(np.unique(law.whole.labels)) > 1:
        classifier = classifier_for(config.data, config.size, config.color)
    if classifier is None and features is None:
        return [Truth(n)]
    return [Truth(n), feature_observer(classifier, features=features)]


@dataclass(frozen=True)
class Truth:
    """`earth_mover` on n points of each law, as an observer, which says how many it looks at."""

    n: int

    def __call__(self, view: View) -> Row:
        """A row of its own."""
        return earth_mover(view, self.n)


def earth_mover(view: View, n: int = 1000) -> Row:
    """Exact EM between real and generated points, and what the critic proves of it.

    Returns
    -------
    dict
        `emd` to points that no step has seen; `certificate`, what the critic's values there prove:
        at most `emd`, whatever the critic is; nothing where there is no critic. Where the training
        points are fixed, as of images and text, `train_emd` to them.
    """
    real, fake = (exact.Discrete(_array(points[:n])) for points in (view.held_out, view.fake))
    row = {"emd": exact.emd(real, fake)}
    if view.critic is not None:
        f_real = _array(view.f(view.held_out[:n]))
        row["certificate"] = exact.certificate(f_real, real, fake)
    endless = isinstance(view.law, SetLaw) and view.law.endless
    if view.config.points or (view.config.of_sets and not endless):
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


def sampling_floor(law: Toy | SetLaw, n: int = 1000, seed: int = 0) -> float:
    """EM between two samples of n points of one law: what no generator can be expected to beat.

    Of images and text, between n to train on and n that are held out, or as many as there are.
    """
    generator = torch.Generator().manual_seed(seed)
    if not isinstance(law, SetLaw):
        return exact.emd(*(_array(law.sample(n, generator)) for _ in range(2)))
    n = min(n, len(law.rows), len(law.unseen))
    rows = law.some(n, seed)
    return exact.emd(*(_array(law.take(some, generator.device)) for some in (rows, law.unseen[:n])))


def _array(points: torch.Tensor) -> NDArray[np.float64]:
    flat = points if points.dim() < 2 else points.flatten(1)
    return flat.detach().double().cpu().numpy()
