"""What the command `train` observes of its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wganlab.report import spinner

if TYPE_CHECKING:
    from collections.abc import Callable

    from wganlab.learned import TrainConfig, View
    from wganlab.learned.runs.view import Row


def watch(config: TrainConfig, n: int) -> list[Callable[[View], Row]]:
    """The usual observers, and what their numbers are to be held against: floor and all modes."""
    from wganlab import compare, data

    law = config.law()
    if isinstance(law, data.TextLaw):
        n = min(n, len(law.unseen), len(law.rows))
        looks = compare.text_observers(law, n)
    elif isinstance(law, data.ImageLaw):
        n = min(n, len(law.unseen), len(law.rows))
        with spinner("what is known of the set"):
            looks = compare.image_observers(config, n)
    else:
        looks = compare.observers(n)
    against = {"n": float(n), "sampling_floor": compare.sampling_floor(law, n)}
    if law.modes is not None and law.spread is not None:
        against["all_modes"] = float(len(law.modes))
    return [*looks, lambda view: against]
